// Package eval turns the predictions of a run into figures that can be checked, compared and gated.
//
// A run folder holds run.json (what was run, [Run]), predictions of one or more splits ([Predictions]), the privacy
// ledger, and measurements by step. [Build] reads such a folder and computes every figure of the [Report] from those
// files; [Verify] builds the report again and names each figure, hash or file that differs. [Compare] tests two
// reports against each other on the same rows, [Gates.Check] decides pass, fail or inconclusive, and [Audit] bounds
// epsilon from below with the guesses of a membership attack.
//
// It promises: epsilon comes from the ledger alone, an estimate is never shown as a guarantee, every accuracy stands
// with an interval, and the same folder gives the same report to the byte. It does not train, tokenize or read data
// sets: anybody's predictions can be reported. Start reading at [Predictions], then [Measure], then [Build].
package eval
