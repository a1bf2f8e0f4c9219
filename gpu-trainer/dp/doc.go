// Package dp holds the private part of training: the clip, the integer grid, the noise, the samplers and the
// optimisers.
//
// It promises that one step of a run is, to the last bit, a function of one draw of the mechanism that the accountant
// prices: the Poisson-subsampled Gaussian. The argument has three parts, each written where the code is.
//
//   - Grid: clipped gradients are rounded to integers, whose sum is exact and cannot overflow, and whose sensitivity, rounding
//     included, is what the noise is scaled by.
//   - Gaussian: the integer noise has exactly the law of round(sZ), Z standard normal. The sum K being an integer,
//     K + round(sZ) = round(K + sZ): post-processing of the Gaussian mechanism, in any dimension, after any sampling and composition.
//   - Sampler: a row's chance to enter a lot is the priced rate, exactly.
//
// All bits come from AES-256 in counter mode under keys that HMAC-SHA-256 derives from one secret for each use, step
// and block: a step that is done again draws the same, and no draw predicts another. CheckNoise tests the generator
// before it is used.
//
// It does not promise constant time, and it knows nothing of epsilon: that is the accountant's.
// Start with Grid, then Gaussian.
package dp
