// Package kernel is the float64 mathematics of the accountant: privacy of compositions of subsampled Gaussians.
//
// It promises bounds: every function that returns an [Interval] returns numbers that enclose the truth, rounding errors
// included, and every error term stands, with the sketch of its proof, in the file where it is added up. It validates
// nothing (package accountant does) and reports failure by a flag.
//
// It imports only math, for square roots, bit patterns and infinities, allocates nothing (working memory is the
// caller's [Workspace]) and uses no closure, interface, map, string or error, so that it can be cut out of a linked
// WebAssembly module. Its elementary functions are its own: the same bits on every platform.
//
// Start reading at moments.go (the privacy loss and its moments), then contour.go (the certified inversion) and bend.go
// (where a vertical line does not do).
//
// Notation: q sampling rate, σ noise multiplier, T steps, z a standard normal variable, u(z) = z/σ − 1/(2σ²),
// l(z) = log(1 − q + q eᵘ) the loss of one step, c > 0 the abscissa of the contour, s = c + it.
package kernel
