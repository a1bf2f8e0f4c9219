// Package trainer fine-tunes encoders with differential privacy and states, in a ledger that it cannot take back,
// what it spent.
//
// It promises that the noise which ran is the noise that the accountant prices (package dp holds the proofs), that a
// run killed at any moment goes on to the same bits, and that the sum of a lot is the same integer vector for every
// number of threads, packing and order. It does not read datasets, tokenise or write reports: it takes a Source and
// returns a Result.
//
// Start with Plan (what a run is), Train (the loop) and Engine (one backward pass, one clipped sum, one step).
package trainer
