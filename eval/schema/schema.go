// Package schema publishes the JSON Schemas (draft 2020-12) of the files that package eval reads and writes: the report,
// the run, and the lines of the predictions. They are generated from the Go types and their comments; the test of this
// package regenerates them with -update and fails when they are out of date.
package schema

import _ "embed"

// Report is the schema of report.json.
//
//go:embed report.schema.json
var Report []byte

// Run is the schema of run.json.
//
//go:embed run.schema.json
var Run []byte

// PredictionsHeader is the schema of the first line of a predictions file.
//
//go:embed predictions-header.schema.json
var PredictionsHeader []byte

// Prediction is the schema of every other line of a predictions file.
//
//go:embed prediction.schema.json
var Prediction []byte
