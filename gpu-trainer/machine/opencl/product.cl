// Matrix products and the clipped integer sums of matrices, which are products of one example each. The macros are
// the knobs that the search of tune.go turns; whatever they are, each number of a result is one chain of fused
// multiplications and additions over k = 0, 1, ...: the same bits.
//
// ROUND rounds both factors to bfloat16 (half to even), RIGHT is how the right one is stored: float, ushort for
// bfloat16, or half; and PRODUCT_ONLY leaves out the sums.

#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF

#ifndef TILE_M // a tile of the result and the depth of its factors in local memory; a work-item makes EACH_M x EACH_N of it
#define TILE_M 64
#define TILE_N 64
#define DEPTH 16
#define EACH_M 4
#define EACH_N 4
#endif
#ifndef DOWN // a strip of the result in vector registers
#define DOWN 8
#define ACROSS 1
#endif
#ifndef RIGHT
#define RIGHT float
#endif

float rounded(float v) {
  uint bits = as_uint(v);
  return isnan(v) ? v : as_float((bits + 0x7fff + (bits >> 16 & 1)) & 0xffff0000);
}

// stored is a number of the right operand, and factor one of either as it is multiplied. half is read by functions
// that every device has, with arithmetic in it or without.
float stored_float(__global const float *p) { return *p; }
float stored_ushort(__global const ushort *p) { return as_float((uint)*p << 16); }
float stored_half(__global const half *p) { return vload_half(0, p); }
#define JOIN_(a, b) a##b
#define JOIN(a, b) JOIN_(a, b)
#define stored JOIN(stored_, RIGHT)
#ifdef ROUND
#define factor(v) rounded(v)
#else
#define factor(v) (v)
#endif

// ---- for GPUs: tiles in local memory --------------------

#define ITEMS (TILE_M / EACH_M * (TILE_N / EACH_N))

// Element (i, k) of the left operand is a[i*ai + k*ak], element (k, j) of the right one b[k*bk + j*bj].
typedef struct { int ai, ak, bk, bj; } strides;

// fetch brings an operand into a local tile [DEPTH][tile], zeros beyond its end: four numbers at a time, along the
// direction in which they are neighbours, and as one vector where they are aligned.
#define FETCH(name, type, tile)                                                                                                          \
  void name(__global const type *from, int rows, int to, int row, int k0, int along_i, int along_k, __local float (*into)[tile]) {       \
    for (int p = item() * 4; p < tile * DEPTH; p += ITEMS * 4) {                                                          \
      int k = along_k == 1 ? p % DEPTH : p / tile, i = along_k == 1 ? p / DEPTH : p % tile, di = along_k != 1, dk = along_k == 1;         \
      size_t at = (size_t)(row + i) * along_i + (size_t)(k0 + k) * along_k;                                                              \
      if (row + i + 3 * di < rows && k0 + k + 3 * dk < to && (along_k == 1 || along_i == 1) && at % 4 == 0) {                            \
        float4 v = JOIN(four_, type)(from + at);                                                                                         \
        into[k][i] = factor(v.x), into[k + dk][i + di] = factor(v.y);                                                                    \
        into[k + 2 * dk][i + 2 * di] = factor(v.z), into[k + 3 * dk][i + 3 * di] = factor(v.w);                                          \
        continue;                                                                                                                        \
      }                                                                                                                                  \
      for (int q = 0; q < 4; q++) {                                                                                                      \
        int inside = row + i + q * di < rows && k0 + k + q * dk < to;                                                                    \
        float v = inside ? JOIN(stored_, type)(from + at + (size_t)q * (di ? along_i : along_k)) : 0.0f;                                  \
        into[k + q * dk][i + q * di] = factor(v);                                                                                        \
      }                                                                                                                                  \
    }                                                                                                                                    \
  }

int item(void) { return get_local_id(1) * get_local_size(0) + get_local_id(0); }
float4 four_float(__global const float *p) { return *(__global const float4 *)p; }
float4 four_ushort(__global const ushort *p) { return as_float4(convert_uint4(*(__global const ushort4 *)p) << 16); }
float4 four_half(__global const half *p) { return vload_half4(0, p); }
FETCH(fetch_left, float, TILE_M)
FETCH(fetch_right, RIGHT, TILE_N)

// block adds the product over k in [from, to) to a work-item's part of the tile at (row, column).
__attribute__((always_inline)) void block(__global const float *a, __global const RIGHT *b, strides s, int m, int n, int from, int to, int row, int column,
           __local float (*left)[TILE_M], __local float (*right)[TILE_N], float4 acc[EACH_M][EACH_N / 4]) {
  int x = get_local_id(0), y = get_local_id(1);
  for (int k0 = from; k0 < to; k0 += DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);
    fetch_left(a, m, to, row, k0, s.ai, s.ak, left);
    fetch_right(b, n, to, column, k0, s.bj, s.bk, right);
    barrier(CLK_LOCAL_MEM_FENCE);
    for (int k = 0; k < DEPTH; k++)
#pragma unroll
      for (int j = 0; j < EACH_N / 4; j++) {
        float4 v = *(__local float4 *)&right[k][x * EACH_N + j * 4];
#pragma unroll
        for (int i = 0; i < EACH_M; i++) acc[i][j] = fma((float4)(left[k][y * EACH_M + i]), v, acc[i][j]);
      }
  }
}

// c = a b, plus bias where it has one, plus c where add is set: c [m, n].
__kernel void product(__global const float *a, __global const RIGHT *b, __global const float *bias, __global float *c,
                      int m, int n, int depth, int ai, int ak, int bk, int bj, int biased, int add) {
  __local float left[DEPTH][TILE_M] __attribute__((aligned(16))), right[DEPTH][TILE_N] __attribute__((aligned(16)));
  float4 acc[EACH_M][EACH_N / 4] = {{0}};
  int row = get_group_id(1) * TILE_M, column = get_group_id(0) * TILE_N;
  strides s = {ai, ak, bk, bj};
  block(a, b, s, m, n, 0, depth, row, column, left, right, acc);
#pragma unroll
  for (int i = 0; i < EACH_M; i++)
#pragma unroll
    for (int j = 0; j < EACH_N / 4; j++) {
      int r = row + get_local_id(1) * EACH_M + i, q = column + get_local_id(0) * EACH_N + j * 4;
      if (r >= m) continue; // not the loop's condition: acc stays in registers
      __global float *to = c + (size_t)r * n + q;
      float4 v = acc[i][j];
      if (q + 4 <= n) {
        if (biased) v += vload4(0, bias + q);
        if (add) v += vload4(0, to);
        vstore4(v, 0, to);
        continue;
      }
      if (q < n) to[0] = v.x + (biased ? bias[q] : 0.0f) + (add ? to[0] : 0.0f);
      if (q + 1 < n) to[1] = v.y + (biased ? bias[q + 1] : 0.0f) + (add ? to[1] : 0.0f);
      if (q + 2 < n) to[2] = v.z + (biased ? bias[q + 2] : 0.0f) + (add ? to[2] : 0.0f);
    }
}

#ifndef PRODUCT_ONLY
// sum[o, i] += round(factor inverse Σ_t g[t, o] x[t, i]) for every example.
__kernel void linear_sum(__global const float *x, __global const float *g, __global const int *offsets, int examples, int in, int out,
                         __global const double *factors, double inverse, __global long *sum) {
  __local float left[DEPTH][TILE_M] __attribute__((aligned(16))), right[DEPTH][TILE_N] __attribute__((aligned(16)));
  int row = get_group_id(1) * TILE_M, column = get_group_id(0) * TILE_N;
  strides s = {1, out, in, 1};
  long4 total[EACH_M][EACH_N / 4] = {{0}};
  for (int e = 0; e < examples; e++) {
    if (factors[e] == 0) continue;
    float4 acc[EACH_M][EACH_N / 4] = {{0}};
    block(g, x, s, out, in, offsets[e], offsets[e + 1], row, column, left, right, acc);
#pragma unroll
    for (int i = 0; i < EACH_M; i++)
#pragma unroll
      for (int j = 0; j < EACH_N / 4; j++) total[i][j] += convert_long4_rte(convert_double4(acc[i][j]) * (factors[e] * inverse));
  }
#pragma unroll
  for (int i = 0; i < EACH_M; i++)
#pragma unroll
    for (int j = 0; j < EACH_N / 4; j++) {
      int r = row + get_local_id(1) * EACH_M + i, q = column + get_local_id(0) * EACH_N + j * 4;
      if (r >= out) continue;
      __global long *to = sum + (size_t)r * in + q;
      if (q < in) to[0] += total[i][j].x;
      if (q + 1 < in) to[1] += total[i][j].y;
      if (q + 2 < in) to[2] += total[i][j].z;
      if (q + 3 < in) to[3] += total[i][j].w;
    }
}
#endif

// ---- for CPUs: strips in vector registers, without local memory --------------------

#define WIDE 16
#define STRIP (WIDE * ACROSS)

// pack lays the right operand out in panels of STRIP columns, [depth, STRIP] each, with zeros beyond column n: rows
// that stand far apart would keep throwing each other out of the cache.
__kernel void pack(__global const RIGHT *b, __global float *panels, int n, int depth, int bk, int bj) {
  int k = get_global_id(0), q = get_global_id(1) * STRIP;
  if (k >= depth) return;
  __global float *row = panels + ((size_t)q * depth + (size_t)k * STRIP);
  b += (size_t)k * bk;
  for (int l = 0; l < STRIP; l++) row[l] = q + l < n ? factor(stored(b + (size_t)(q + l) * bj)) : 0.0f;
}

#ifdef ROUND
// round_left rounds n numbers of the left operand, which the strips would otherwise round again and again.
__kernel void round_left(__global const float *a, __global float *to, int n) {
  int i = get_global_id(0);
  if (i < n) to[i] = rounded(a[i]);
}
#endif

// strip adds the product over k in [from, to) to rows r.. of the result and STRIP columns; rows beyond m repeat row
// m-1.
void strip(__global const float *a, __global const float *b, int m, int ai, int ak, int bk, int from, int to, int r, float16 acc[DOWN][ACROSS]) {
  int at[DOWN];
#pragma unroll
  for (int i = 0; i < DOWN; i++) at[i] = min(r + i, m - 1) * ai;
  for (int k = from; k < to; k++) {
    __global const float *column = a + (size_t)k * ak, *across = b + (size_t)k * bk;
    float16 v[ACROSS];
#pragma unroll
    for (int j = 0; j < ACROSS; j++) v[j] = vload16(j, across);
#pragma unroll
    for (int i = 0; i < DOWN; i++) {
      float16 left = (float16)(column[at[i]]);
#pragma unroll
      for (int j = 0; j < ACROSS; j++) acc[i][j] = fma(left, v[j], acc[i][j]);
    }
  }
}

__kernel void product_wide(__global const float *a, __global const float *panels, __global const float *bias, __global float *c,
                           int m, int n, int depth, int ai, int ak, int biased, int add) {
  int r = get_global_id(1) * DOWN, first = get_global_id(0) * STRIP;
  float16 acc[DOWN][ACROSS] = {{0}};
  strip(a, panels + (size_t)first * depth, m, ai, ak, STRIP, 0, depth, r, acc);
#pragma unroll
  for (int i = 0; i < DOWN; i++) {
#pragma unroll
    for (int j = 0; j < ACROSS; j++) {
      int q = first + j * WIDE;
      if (r + i >= m || q >= n) continue; // not the loop's condition: acc stays in registers
      __global float *to = c + (size_t)(r + i) * n + q;
      float16 v = acc[i][j];
      if (q + WIDE <= n) {
        if (biased) v += vload16(0, bias + q);
        if (add) v += vload16(0, to);
        vstore16(v, 0, to);
        continue;
      }
      float part[WIDE];
      vstore16(v, 0, part);
      for (int l = 0; q + l < n; l++) to[l] = part[l] + (biased ? bias[q + l] : 0.0f) + (add ? to[l] : 0.0f);
    }
  }
}

#ifndef PRODUCT_ONLY
// narrow adds the integers of the last columns, fewer than 16, of some rows.
void narrow(__global const float *x, __global const float *g, int in, int out, int from, int to, int r, int q, double scale, __global long *sum) {
  for (int i = 0; i < DOWN && r + i < out; i++)
    for (int j = q; j < in; j++) {
      float v = 0;
      for (int t = from; t < to; t++) v = fma(g[(size_t)t * out + r + i], x[(size_t)t * in + j], v);
      sum[(size_t)(r + i) * in + j] += convert_long_rte(v * scale);
    }
}

__kernel void linear_sum_wide(__global const float *x, __global const float *g, __global const int *offsets, int examples, int in, int out,
                              __global const double *factors, double inverse, __global long *sum) {
  int r = get_global_id(1) * DOWN, q = get_global_id(0) * STRIP;
  for (int e = 0; e < examples; e++) {
    if (factors[e] == 0) continue;
    double scale = factors[e] * inverse;
    if (q + STRIP > in) {
      narrow(x, g, in, out, offsets[e], offsets[e + 1], r, q, scale, sum);
      continue;
    }
    float16 acc[DOWN][ACROSS] = {{0}};
    strip(g, x + q, out, 1, out, in, offsets[e], offsets[e + 1], r, acc);
#pragma unroll
    for (int i = 0; i < DOWN; i++) {
#pragma unroll
      for (int j = 0; j < ACROSS; j++) {
        if (r + i >= out) continue;
        __global long *to = sum + (size_t)(r + i) * in + q + j * WIDE;
        vstore16(vload16(0, to) + convert_long16_rte(convert_double16(acc[i][j]) * scale), 0, to);
      }
    }
  }
}
#endif
