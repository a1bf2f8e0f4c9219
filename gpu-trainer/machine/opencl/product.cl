// Matrix products and the clipped integer sums of matrices, which are products of one example each.

#define TILE 64
#define DEPTH 16
#define SIDE 16
#define EACH 4

// Element (i, k) of the left operand is a[i*ai + k*ak], element (k, j) of the right one b[k*bk + j*bj].
typedef struct { int ai, ak, bk, bj; } strides;

// block adds the product over k in [from, to) to a thread's 4x4 part of the 64x64 tile at (row, column).
void block(__global const float *a, __global const float *b, strides s, int m, int n, int from, int to, int row, int column,
           __local float (*left)[TILE], __local float (*right)[TILE], float acc[EACH][EACH]) {
  int x = get_local_id(0), y = get_local_id(1), id = y * SIDE + x;
  for (int k0 = from; k0 < to; k0 += DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int p = id; p < TILE * DEPTH; p += SIDE * SIDE) {
      int k = s.ak == 1 ? p % DEPTH : p / TILE, i = s.ak == 1 ? p / DEPTH : p % TILE;
      left[k][i] = row + i < m && k0 + k < to ? a[(size_t)(row + i) * s.ai + (size_t)(k0 + k) * s.ak] : 0.0f;
      k = s.bk == 1 ? p % DEPTH : p / TILE;
      int j = s.bk == 1 ? p / DEPTH : p % TILE;
      right[k][j] = column + j < n && k0 + k < to ? b[(size_t)(k0 + k) * s.bk + (size_t)(column + j) * s.bj] : 0.0f;
    }
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < DEPTH; k++)
      for (int i = 0; i < EACH; i++)
        for (int j = 0; j < EACH; j++) acc[i][j] = fma(left[k][y * EACH + i], right[k][x * EACH + j], acc[i][j]);
  }
}

// c = a b, plus bias where it has one, plus c where add is set: c [m, n].
__kernel void product(__global const float *a, __global const float *b, __global const float *bias, __global float *c,
                      int m, int n, int depth, int ai, int ak, int bk, int bj, int biased, int add) {
  __local float left[DEPTH][TILE], right[DEPTH][TILE];
  float acc[EACH][EACH] = {{0}};
  int row = get_group_id(1) * TILE, column = get_group_id(0) * TILE;
  strides s = {ai, ak, bk, bj};
  block(a, b, s, m, n, 0, depth, row, column, left, right, acc);
  for (int i = 0; i < EACH; i++)
    for (int j = 0; j < EACH; j++) {
      int r = row + get_local_id(1) * EACH + i, q = column + get_local_id(0) * EACH + j;
      if (r < m && q < n) {
        size_t at = (size_t)r * n + q;
        float v = acc[i][j] + (biased ? bias[q] : 0.0f);
        c[at] = add ? c[at] + v : v;
      }
    }
}

// sum[o, i] += round(factor inverse Σ_t g[t, o] x[t, i]) for every example.
__kernel void linear_sum(__global const float *x, __global const float *g, __global const int *offsets, int examples, int in, int out,
                         __global const double *factor, double inverse, __global long *sum) {
  __local float left[DEPTH][TILE], right[DEPTH][TILE];
  int row = get_group_id(1) * TILE, column = get_group_id(0) * TILE;
  strides s = {1, out, in, 1};
  long total[EACH][EACH] = {{0}};
  for (int e = 0; e < examples; e++) {
    if (factor[e] == 0) continue;
    float acc[EACH][EACH] = {{0}};
    block(g, x, s, out, in, offsets[e], offsets[e + 1], row, column, left, right, acc);
    for (int i = 0; i < EACH; i++)
      for (int j = 0; j < EACH; j++) total[i][j] += convert_long_rte(acc[i][j] * (factor[e] * inverse));
  }
  for (int i = 0; i < EACH; i++)
    for (int j = 0; j < EACH; j++) {
      int r = row + get_local_id(1) * EACH + i, q = column + get_local_id(0) * EACH + j;
      if (r < out && q < in) sum[(size_t)r * in + q] += total[i][j];
    }
}

// The same two for devices that are CPUs: one work-item makes an 8x16 part of the result in vector registers, without local memory.

#define DOWN 8
#define WIDE 16

// pack lays the right operand out in panels of 16 columns, [depth, 16] each, with zeros beyond column n: rows that stand far apart would
// keep throwing each other out of the cache.
__kernel void pack(__global const float *b, __global float *panels, int n, int depth, int bk, int bj) {
  int i = get_global_id(0), k = i / WIDE % depth, q = i / (WIDE * depth) * WIDE + i % WIDE;
  if (i < (n + WIDE - 1) / WIDE * WIDE * depth) panels[i] = q < n ? b[(size_t)k * bk + (size_t)q * bj] : 0.0f;
}

// strip adds the product over k in [from, to) to rows r.. of the result and 16 columns; rows beyond m repeat row m-1.
void strip(__global const float *a, __global const float *b, int m, int ai, int ak, int bk, int from, int to, int r, float16 acc[DOWN]) {
  int at[DOWN];
#pragma unroll
  for (int i = 0; i < DOWN; i++) at[i] = min(r + i, m - 1) * ai;
  for (int k = from; k < to; k++) {
    float16 v = vload16(0, b + (size_t)k * bk);
    __global const float *column = a + (size_t)k * ak;
#pragma unroll
    for (int i = 0; i < DOWN; i++) acc[i] = fma((float16)(column[at[i]]), v, acc[i]);
  }
}

__kernel void product_wide(__global const float *a, __global const float *panels, __global const float *bias, __global float *c,
                           int m, int n, int depth, int ai, int ak, int biased, int add) {
  int r = get_global_id(1) * DOWN, q = get_global_id(0) * WIDE;
  float16 acc[DOWN] = {0};
  strip(a, panels + (size_t)q * depth, m, ai, ak, WIDE, 0, depth, r, acc);
#pragma unroll
  for (int i = 0; i < DOWN; i++) {
    if (r + i >= m) continue; // not the loop's condition: acc stays in registers
    __global float *to = c + (size_t)(r + i) * n + q;
    float16 v = acc[i];
    if (q + WIDE <= n) {
      if (biased) v += vload16(0, bias + q);
      if (add) v += vload16(0, to);
      vstore16(v, 0, to);
      continue;
    }
    float part[WIDE];
    vstore16(v, 0, part);
    for (int j = 0; q + j < n; j++) to[j] = part[j] + (biased ? bias[q + j] : 0.0f) + (add ? to[j] : 0.0f);
  }
}

// narrow adds the integers of the last columns, fewer than 16, of eight rows.
void narrow(__global const float *x, __global const float *g, int in, int out, int from, int to, int r, int q, double scale, __global long *sum) {
  for (int i = 0; i < DOWN && r + i < out; i++)
    for (int j = q; j < in; j++) {
      float v = 0;
      for (int t = from; t < to; t++) v = fma(g[(size_t)t * out + r + i], x[(size_t)t * in + j], v);
      sum[(size_t)(r + i) * in + j] += convert_long_rte(v * scale);
    }
}

__kernel void linear_sum_wide(__global const float *x, __global const float *g, __global const int *offsets, int examples, int in, int out,
                              __global const double *factor, double inverse, __global long *sum) {
  int r = get_global_id(1) * DOWN, q = get_global_id(0) * WIDE;
  for (int e = 0; e < examples; e++) {
    if (factor[e] == 0) continue;
    double scale = factor[e] * inverse;
    if (q + WIDE > in) {
      narrow(x, g, in, out, offsets[e], offsets[e + 1], r, q, scale, sum);
      continue;
    }
    float16 acc[DOWN] = {0};
    strip(g, x + q, out, 1, out, in, offsets[e], offsets[e + 1], r, acc);
#pragma unroll
    for (int i = 0; i < DOWN; i++) {
      if (r + i >= out) continue;
      __global long *to = sum + (size_t)(r + i) * in + q;
      vstore16(vload16(0, to) + convert_long16_rte(convert_double16(acc[i]) * scale), 0, to);
    }
  }
}

