// Package report renders an [eval.Report]: JSON for programs, markdown for pull requests, one offline HTML page for
// people, JUnit for build servers, GitHub annotations, a differential privacy statement, and on demand a model card,
// OpenMetrics and the GLUE submission archive.
//
// It computes nothing of its own: every number that it prints stands in the report, rounded; upper bounds on epsilon
// are rounded up. An estimate is always called an estimate. Start reading at [Render].
package report
