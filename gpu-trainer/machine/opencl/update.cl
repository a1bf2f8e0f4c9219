// What a step does to whole tensors: sums are cleared, noise is added, the optimiser steps; and the linear algebra of
// RGP's carriers. Everything is computed in double precision by the same operations in the same order as on the host:
// the same bits.

__kernel void clear(__global int *y, int n) {
  int i = get_global_id(0);
  if (i < n) y[i] = 0;
}

// sum += integers[from:], which is noise or what else the host adds to a lot.
__kernel void add_integers(__global long *sum, __global const long *integers, int from, int n) {
  int i = get_global_id(0);
  if (i < n) sum[i] += integers[from + i];
}

// G = sum (quantum / divisor) where there is a quantum, else the plain gradient over the divisor.
float gradient_at(__global const long *sum, __global const float *plain, int i, double quantum, double divisor) {
  return quantum > 0 ? (float)((double)sum[i] * (quantum / divisor)) : (float)(plain[i] / divisor);
}

__kernel void gradient(__global const long *sum, __global const float *plain, __global float *g, int n, double quantum, double divisor) {
  int i = get_global_id(0);
  if (i < n) g[i] = gradient_at(sum, plain, i, quantum, divisor);
}

// g ← G + coupled θ, m ← β₁ m + (1-β₁) g, v ← β₂ v + (1-β₂) g², θ ← shrink θ - rate m̂/(√v̂ + ε), with m̂ = correct1
// m and v̂ = correct2 v; unbiased: θ ← shrink θ - rate m̂/√max(v̂ - variance, ε).
__kernel void step_adam(__global const long *sum, __global const float *plain, __global float *theta, __global float *first, __global float *second,
                        int n, int unbiased, double quantum, double divisor, double beta1, double rest1, double beta2, double rest2,
                        double correct1, double correct2, double epsilon, double rate, double shrink, double coupled, double variance) {
  int i = get_global_id(0);
  if (i >= n) return;
  double g = gradient_at(sum, plain, i, quantum, divisor) + coupled * theta[i];
  first[i] = beta1 * first[i] + rest1 * g;
  second[i] = beta2 * second[i] + rest2 * g * g;
  double m = first[i] * correct1, v = second[i] * correct2;
  double step = unbiased ? m / sqrt(fmax(v - variance, epsilon)) : m / (sqrt(v) + epsilon);
  theta[i] = shrink * theta[i] - rate * step;
}

// g ← G + λθ; with momentum m ← μ m + g, g ← m; θ ← θ - rate g.
__kernel void step_sgd(__global const long *sum, __global const float *plain, __global float *theta, __global float *first,
                       int n, double quantum, double divisor, double momentum, double decay, double rate) {
  int i = get_global_id(0);
  if (i >= n) return;
  double g = gradient_at(sum, plain, i, quantum, divisor) + decay * theta[i];
  if (momentum != 0) {
    g += momentum * first[i];
    first[i] = g;
  }
  theta[i] = theta[i] - rate * g;
}

// Gram-Schmidt on the columns of a [rows, columns], left to right, by one group of 64; norms[place] becomes the
// smallest norm that a column had when its turn came, or NaN.
__kernel void orthonormalise(__global float *a, int rows, int columns, __global double *norms, int place) {
  __local double room[GROUP];
  int id = get_local_id(0);
  double least = INFINITY;
  for (int j = 0; j < columns; j++) {
    double sum = 0;
    for (int i = id; i < rows; i += GROUP) sum += (double)a[i * columns + j] * a[i * columns + j];
    double norm = sqrt(reduce(sum, room));
    least = norm < least || isnan(norm) || isinf(norm) ? norm : least;
    for (int i = id; i < rows; i += GROUP) a[i * columns + j] = a[i * columns + j] / norm;
    for (int later = j + 1; later < columns; later++) {
      sum = 0;
      for (int i = id; i < rows; i += GROUP) sum += (double)a[i * columns + j] * a[i * columns + later];
      double along = reduce(sum, room);
      for (int i = id; i < rows; i += GROUP) a[i * columns + later] -= (float)(along * a[i * columns + j]);
    }
  }
  if (id == 0) norms[place] = least;
}

// y [columns, rows] = xᵀ
__kernel void transpose(__global const float *x, __global float *y, int rows, int columns) {
  int i = get_global_id(0);
  if (i < rows * columns) y[i % columns * rows + i / columns] = x[i];
}
