// Package dp holds the private part of training: the clip, the integer grid, the noise, the samplers and the optimisers.
package dp
