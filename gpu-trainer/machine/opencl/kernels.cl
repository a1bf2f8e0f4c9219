// Kernels of the operations of package ops, but for products. Matrices are row-major. Tokens of example i are rows
// offsets[i]..offsets[i+1]-1.
#pragma OPENCL EXTENSION cl_khr_fp64 : enable
#pragma OPENCL FP_CONTRACT OFF

// ---- reductions of a work-group of 64 --------------------

#define GROUP 64

// What all items of the group get from a number of each, combined by pairs.
#define REDUCTION(name, type, combine)                   \
  type name(type v, __local type *room) {                \
    int id = get_local_id(0);                            \
    barrier(CLK_LOCAL_MEM_FENCE);                        \
    room[id] = v;                                        \
    for (int step = GROUP / 2; step > 0; step /= 2) {    \
      barrier(CLK_LOCAL_MEM_FENCE);                      \
      if (id < step) combine;                            \
    }                                                    \
    barrier(CLK_LOCAL_MEM_FENCE);                        \
    return room[0];                                      \
  }

REDUCTION(reduce, double, room[id] += room[id + step])

float total16(float16 v) {
  float8 a = v.lo + v.hi;
  float4 b = a.lo + a.hi;
  float2 c = b.lo + b.hi;
  return c.x + c.y;
}

float dot_rows(__global const float *a, __global const float *b, int n) {
  float16 wide = 0;
  int i = 0;
  for (; i + 16 <= n; i += 16) wide = fma(vload16(0, a + i), vload16(0, b + i), wide);
  float sum = total16(wide);
  for (; i < n; i++) sum = fma(a[i], b[i], sum);
  return sum;
}

// Norm kernels add an example's squared norm to squares[e] and, to squares[e + examples], the bound that
// kernels.Norms of the CPU derives: what the sum kernel adds, over its factor, is certainly no longer. One group an
// example.
void add_norm(__global double *squares, double square, double bound) {
  int e = get_group_id(0), examples = get_num_groups(0);
  squares[e] += square;
  squares[e + examples] += bound * (1 + 0x1p-28);
}

// rounding_error is γ(n) = nu/(1-nu) of float sums of n products, whatever their order; FLUSHED the most that a
// result flushed to zero loses.
double rounding_error(int n) {
  double nu = n * 0x1p-24;
  return nu > 0.5 ? INFINITY : nu / (1 - nu);
}
#define FLUSHED 0x1p-126
#define LARGEST_TRACE 0x1p80

// squares[e] += Σ_{s,t} (x_s·x_t)(g_s·g_t), the squared norm of Σ_t g_t x_tᵀ.
__kernel void linear_norm(__global const float *x, __global const float *g, __global const int *offsets, int in, int out, __global double *squares) {
  __local double room[GROUP];
  int e = get_group_id(0), from = offsets[e], length = offsets[e + 1] - from;
  double sum = 0, of_x = 0, of_g = 0, trace_x = 0, trace_g = 0;
  for (int p = get_local_id(0); p < length * length; p += GROUP) {
    int s = p / length, t = p % length;
    if (s < t) continue;
    double vx = dot_rows(x + (size_t)(from + s) * in, x + (size_t)(from + t) * in, in), vg = dot_rows(g + (size_t)(from + s) * out, g + (size_t)(from + t) * out, out);
    double weight = s == t ? 1 : 2;
    sum += weight * vx * vg;
    of_x += weight * vx * vx;
    of_g += weight * vg * vg;
    trace_x += s == t ? vx : 0;
    trace_g += s == t ? vg : 0;
  }
  sum = reduce(sum, room);
  of_x = sqrt(reduce(of_x, room));
  of_g = sqrt(reduce(of_g, room));
  trace_x = reduce(trace_x, room) / (1 - 2 * rounding_error(in)) + 2.0 * in * length * FLUSHED;
  trace_g = reduce(trace_g, room) / (1 - 2 * rounding_error(out)) + 2.0 * out * length * FLUSHED;
  double error_x = rounding_error(in) * trace_x + (double)in * length * FLUSHED, error_g = rounding_error(out) * trace_g + (double)out * length * FLUSHED;
  sum = fmax(sum, 0.0);
  double norm = sqrt(sum + error_x * of_g + of_x * error_g + error_x * error_g + (length * (double)length + 4) * 0x1p-52 * of_x * of_g) +
                rounding_error(length + 3) * sqrt(trace_x * trace_g);
  bool bounded = trace_x <= LARGEST_TRACE && trace_g <= LARGEST_TRACE;
  if (get_local_id(0) == 0) add_norm(squares, sum, bounded ? norm * norm : INFINITY);
}

float column_sum(__global const float *g, int from, int to, int width, int j) {
  float sum = 0;
  for (int t = from; t < to; t++) sum += g[(size_t)t * width + j];
  return sum;
}

float scaled_sum(__global const float *x, __global const float *g, __global const float *mean, __global const float *rstd, int from, int to, int width, int j) {
  float sum = 0;
  for (int t = from; t < to; t++) sum += g[(size_t)t * width + j] * (x[(size_t)t * width + j] - mean[t]) * rstd[t];
  return sum;
}

__kernel void bias_norm(__global const float *g, __global const int *offsets, int width, __global double *squares) {
  __local double room[GROUP];
  int e = get_group_id(0);
  double sum = 0;
  for (int j = get_local_id(0); j < width; j += GROUP) {
    double v = column_sum(g, offsets[e], offsets[e + 1], width, j);
    sum += v * v;
  }
  sum = reduce(sum, room);
  if (get_local_id(0) == 0) add_norm(squares, sum, sum);
}

__kernel void layernorm_norm(__global const float *x, __global const float *g, __global const float *mean, __global const float *rstd,
                             __global const int *offsets, int width, __global double *squares) {
  __local double room[GROUP];
  int e = get_group_id(0);
  double sum = 0;
  for (int j = get_local_id(0); j < width; j += GROUP) {
    double shift = column_sum(g, offsets[e], offsets[e + 1], width, j);
    double scale = scaled_sum(x, g, mean, rstd, offsets[e], offsets[e + 1], width, j);
    sum += shift * shift + scale * scale;
  }
  sum = reduce(sum, room);
  if (get_local_id(0) == 0) add_norm(squares, sum, sum);
}

// Rows of equal ids add up before they are squared: Σ over pairs of tokens with one id of g_s·g_t.
__kernel void embed_norm(__global const int *ids, __global const float *g, __global const int *offsets, int width, __global double *squares) {
  __local double room[GROUP];
  int e = get_group_id(0), from = offsets[e], length = offsets[e + 1] - from;
  double sum = 0, trace = 0;
  for (int p = get_local_id(0); p < length * length; p += GROUP) {
    int s = from + p / length, t = from + p % length;
    double v = ids[s] == ids[t] ? dot_rows(g + (size_t)s * width, g + (size_t)t * width, width) : 0;
    sum += v;
    trace += s == t ? v : 0;
  }
  sum = fmax(reduce(sum, room), 0.0);
  // Σ over pairs of ‖g_s‖‖g_t‖ is at most length times the trace.
  double most = length * (reduce(trace, room) / (1 - 2 * rounding_error(width)) + 2.0 * width * length * FLUSHED);
  double norm = sqrt(sum + rounding_error(width) * most + (double)width * length * length * FLUSHED) + rounding_error(length + 3) * sqrt(most);
  if (get_local_id(0) == 0) add_norm(squares, sum, most <= LARGEST_TRACE ? norm * norm : INFINITY);
}

// ---- integer sums and plain gradients of vectors and tables: one work-item a column --------------------

__kernel void bias_sum(__global const float *g, __global const int *offsets, int examples, int width, __global const double *factor, double inverse, __global long *sum) {
  int j = get_global_id(0);
  if (j >= width) return;
  for (int e = 0; e < examples; e++)
    if (factor[e] != 0) sum[j] += convert_long_rte(column_sum(g, offsets[e], offsets[e + 1], width, j) * (factor[e] * inverse));
}

__kernel void scale_sum(__global const float *x, __global const float *g, __global const float *mean, __global const float *rstd,
                        __global const int *offsets, int examples, int width, __global const double *factor, double inverse, __global long *sum) {
  int j = get_global_id(0);
  if (j >= width) return;
  for (int e = 0; e < examples; e++)
    if (factor[e] != 0) sum[j] += convert_long_rte(scaled_sum(x, g, mean, rstd, offsets[e], offsets[e + 1], width, j) * (factor[e] * inverse));
}

__kernel void embed_sum(__global const int *ids, __global const float *g, __global const int *offsets, int examples, int width,
                        __global const double *factor, double inverse, __global long *sum) {
  int j = get_global_id(0);
  if (j >= width) return;
  for (int e = 0; e < examples; e++) {
    if (factor[e] == 0) continue;
    for (int t = offsets[e]; t < offsets[e + 1]; t++) {
      int first = 1;
      for (int s = offsets[e]; s < t && first; s++) first = ids[s] != ids[t];
      if (!first) continue;
      float v = 0;
      for (int s = t; s < offsets[e + 1]; s++)
        if (ids[s] == ids[t]) v += g[(size_t)s * width + j];
      sum[(size_t)ids[t] * width + j] += convert_long_rte(v * (factor[e] * inverse));
    }
  }
}

__kernel void bias_grad(__global const float *g, int rows, int width, __global float *total) {
  int j = get_global_id(0);
  if (j < width) total[j] += column_sum(g, 0, rows, width, j);
}

__kernel void scale_grad(__global const float *x, __global const float *g, __global const float *mean, __global const float *rstd, int rows, int width, __global float *total) {
  int j = get_global_id(0);
  if (j < width) total[j] += scaled_sum(x, g, mean, rstd, 0, rows, width, j);
}

__kernel void embed_grad(__global const int *ids, __global const float *g, int rows, int width, __global float *total) {
  int j = get_global_id(0);
  if (j >= width) return;
  for (int t = 0; t < rows; t++) total[(size_t)ids[t] * width + j] += g[(size_t)t * width + j];
}

// ---- rows --------------------

__kernel void embed(__global const int *ids, __global const float *table, __global float *y, int n, int width, int add) {
  int i = get_global_id(0);
  if (i >= n) return;
  float v = table[(size_t)ids[i / width] * width + i % width];
  y[i] = add ? y[i] + v : v;
}

__kernel void embed_half(__global const int *ids, __global const half *table, __global float *y, int n, int width, int add) {
  int i = get_global_id(0);
  if (i >= n) return;
  float v = vload_half((size_t)ids[i / width] * width + i % width, table);
  y[i] = add ? y[i] + v : v;
}

__kernel void layernorm(__global const float *x, __global const float *gamma, __global const float *beta, __global float *y,
                        __global float *means, __global float *rstds, int width, double epsilon) {
  __local double room[GROUP];
  int row = get_group_id(0), id = get_local_id(0);
  x += (size_t)row * width;
  y += (size_t)row * width;
  double sum = 0;
  for (int j = id; j < width; j += GROUP) sum += x[j];
  double mean = reduce(sum, room) / width;
  sum = 0;
  for (int j = id; j < width; j += GROUP) sum += (x[j] - mean) * (x[j] - mean);
  double rstd = 1 / sqrt(reduce(sum, room) / width + epsilon);
  for (int j = id; j < width; j += GROUP) y[j] = (float)((x[j] - mean) * rstd) * gamma[j] + beta[j];
  if (id == 0) {
    means[row] = mean;
    rstds[row] = rstd;
  }
}

__kernel void layernorm_gradinput(__global const float *g, __global const float *x, __global const float *gamma,
                                  __global const float *means, __global const float *rstds, __global float *dx, int width) {
  __local double room[GROUP];
  int row = get_group_id(0), id = get_local_id(0);
  size_t at = (size_t)row * width;
  float mean = means[row], rstd = rstds[row];
  double sum = 0, along = 0;
  for (int j = id; j < width; j += GROUP) {
    double h = g[at + j] * gamma[j];
    sum += h;
    along += h * ((x[at + j] - mean) * rstd);
  }
  float a = reduce(sum, room) / width, b = reduce(along, room) / width;
  for (int j = id; j < width; j += GROUP) dx[at + j] = rstd * (g[at + j] * gamma[j] - a - (x[at + j] - mean) * rstd * b);
}

__kernel void crossentropy(__global const float *logits, __global const int *labels, __global float *loss, __global float *gradient, int examples, int classes) {
  int e = get_global_id(0);
  if (e >= examples) return;
  logits += e * classes;
  gradient += e * classes;
  if (labels[e] < 0) {
    loss[e] = 0;
    for (int j = 0; j < classes; j++) gradient[j] = 0;
    return;
  }
  double top = logits[0], sum = 0, rest = 0;
  for (int j = 1; j < classes; j++) top = fmax(top, (double)logits[j]);
  for (int j = 0; j < classes; j++) {
    double v = exp(logits[j] - top);
    sum += v;
    if (j != labels[e]) rest += v;
  }
  for (int j = 0; j < classes; j++) gradient[j] = j == labels[e] ? -rest / sum : exp(logits[j] - top) / sum;
  loss[e] = log(sum) + top - logits[labels[e]];
}

__kernel void pool_first(__global const float *x, __global const int *offsets, __global float *y, int n, int width) {
  int i = get_global_id(0);
  if (i < n) y[i] = x[(size_t)offsets[i / width] * width + i % width];
}

__kernel void pool_first_grad(__global const float *g, __global const int *offsets, __global const int *owner, __global float *dx, int n, int width) {
  int i = get_global_id(0);
  if (i >= n) return;
  int t = i / width, e = owner[t];
  dx[i] = t == offsets[e] ? g[(size_t)e * width + i % width] : 0.0f;
}

__kernel void pool_mean(__global const float *x, __global const int *offsets, __global float *y, int n, int width) {
  int i = get_global_id(0);
  if (i >= n) return;
  int e = i / width;
  y[i] = column_sum(x, offsets[e], offsets[e + 1], width, i % width) / (offsets[e + 1] - offsets[e]);
}

__kernel void pool_mean_grad(__global const float *g, __global const int *offsets, __global const int *owner, __global float *dx, int n, int width) {
  int i = get_global_id(0);
  if (i >= n) return;
  int e = owner[i / width];
  dx[i] = g[(size_t)e * width + i % width] / (offsets[e + 1] - offsets[e]);
}

__kernel void prompt_add(__global float *y, __global const float *prompt, __global const int *offsets, int n, int width, int count) {
  int i = get_global_id(0);
  if (i < n) y[(size_t)(offsets[i / (count * width)] + 1) * width + i % (count * width)] += prompt[i % (count * width)];
}

__kernel void prompt_rows(__global const float *g, __global const int *offsets, __global float *y, int n, int width, int count) {
  int i = get_global_id(0);
  if (i < n) y[i] = g[(size_t)(offsets[i / (count * width)] + 1) * width + i % (count * width)];
}

// ---- single numbers --------------------

// Φ(x) = erfc(-x/√2)/2, with erfc(t) = exp(-t P(t)) for t >= 0 to 1.4e-7; P is a least-squares fit, reweighted
// towards the smallest maximum, on (0, 4.2]. Beyond, t P(t) only grows.
float normal_cdf(float x) {
  float t = fabs(x) * 0.70710678118654752f;
  float p = fma(3.1439602e-05f, t, -0.000308797578f);
  p = fma(p, t, 0.00103238691f);
  p = fma(p, t, 0.000536957115f);
  p = fma(p, t, -0.0195839796f);
  p = fma(p, t, 0.102919623f);
  p = fma(p, t, 0.636597753f);
  p = fma(p, t, 1.1283803f);
  float tail = 0.5f * exp(-t * p);
  return x < 0 ? tail : 1 - tail;
}

__kernel void gelu(__global const float *x, __global float *y, __global float *slope, int n, int both) {
  int i = get_global_id(0);
  if (i >= n) return;
  float v = x[i], phi = normal_cdf(v);
  y[i] = v * phi;
  if (both) slope[i] = phi + v * 0.39894228040143268f * exp(-0.5f * v * v);
}

__kernel void multiply(__global const float *a, __global const float *b, __global float *y, int n) {
  int i = get_global_id(0);
  if (i < n) y[i] = a[i] * b[i];
}

__kernel void add(__global const float *a, __global const float *b, __global float *y, int n) {
  int i = get_global_id(0);
  if (i < n) y[i] = a[i] + b[i];
}

__kernel void scale(__global const float *x, __global float *y, int n, float factor) {
  int i = get_global_id(0);
  if (i < n) y[i] = x[i] * factor;
}

__kernel void hyperbolic(__global const float *x, __global float *y, int n) {
  int i = get_global_id(0);
  if (i < n) y[i] = tanh(x[i]);
}

__kernel void hyperbolic_grad(__global const float *g, __global const float *y, __global float *dx, int n) {
  int i = get_global_id(0);
  if (i < n) dx[i] = g[i] * (1 - y[i] * y[i]);
}

__kernel void zeros(__global double *y, int n) {
  int i = get_global_id(0);
  if (i < n) y[i] = 0;
}

// totals adds up what must be finite for an example to count: squares and bounds, n of each, of the groups so far.
__kernel void clip_total(__global double *totals, __global const double *squares, int n, int group) {
  int i = get_global_id(0);
  if (i < n) totals[i] = (group > 0 ? totals[i] : 0) + squares[i] + squares[n + i];
}

// dp.Clip.FactorWithin by the same operations: the same bits.
__kernel void clip_factor(__global const double *squares, __global const double *totals, __global double *factors, int n, double clip, double gamma, double most) {
  int i = get_global_id(0);
  if (i >= n) return;
  double norm = sqrt(squares[i]), bound = sqrt(squares[n + i]);
  double factor = gamma == 0 && norm <= clip ? 1 : clip / (norm + gamma);
  if (factor * bound > most) factor = most / bound;
  factors[i] = isfinite(totals[i]) ? factor : 0;
}

// Philox4x32-10 (Salmon, Moraes, Dror, Shaw 2011); the masks are those of the CPU backend, bit by bit.
uint4 philox(uint4 c, uint2 key) {
  for (int round = 0; round < 10; round++) {
    c = (uint4)(mul_hi(0xCD9E8D57u, c.z) ^ c.y ^ key.x, 0xCD9E8D57u * c.z, mul_hi(0xD2511F53u, c.x) ^ c.w ^ key.y, 0xD2511F53u * c.x);
    key += (uint2)(0x9E3779B9u, 0xBB67AE85u);
  }
  return c;
}

__kernel void dropout(__global const float *x, __global float *y, __global const int *offsets, __global const int *owner, __global const long *rows,
                      int n, int width, uint key0, uint key1, uint threshold, float keep) {
  int i = get_global_id(0);
  if (i >= n) return;
  int t = i / width, j = i % width, e = owner[t];
  uint4 words = philox((uint4)(j / 8, t - offsets[e], (uint)rows[e], (uint)(rows[e] >> 32)), (uint2)(key0, key1));
  int k = j / 2 % 4;
  uint word = k == 0 ? words.x : k == 1 ? words.y : k == 2 ? words.z : words.w;
  y[i] = (word >> (j % 2 * 16) & 0xffff) >= threshold ? x[i] * keep : 0.0f;
}
