// Package accountant prices differentially private training: epsilon and delta of compositions of Poisson-subsampled
// Gaussian steps, and of what is run beside them.
//
// It promises that a certified result encloses the truth: Lower ≤ exact value ≤ Upper, rounding errors included, for the
// plan as stated, in both directions of the adjacency. Estimates ([Edgeworth], [GDP]) are marked as such and set no noise.
// It does not know what ran: price the [Ledger] of a run, not the flags that started it.
//
// A [Plan] says what is priced; [Epsilon] and [Delta] price it; [SolveNoise], [SolveSteps] and [SolveRate] find the plan that a
// budget allows. [CertifiedEdgeworth], [Edgeworth], [EdgeworthInterval], [RDP], [GDP] and [PLD] price the same plans
// in other ways; [Profile], [TradeOff] and [Attacks] say what an attacker can do; [Check] judges a published claim.
//
// It is pure: numbers in, numbers and an error out; no files, clock, goroutines or package-level state. All functions are
// safe for concurrent use.
//
// Start reading at [Plan] and [Epsilon]; the mathematics is in package kernel.
package accountant
