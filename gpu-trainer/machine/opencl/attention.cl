// Attention over the tokens of one example. Probabilities: heads matrices [L, L] for each example of L tokens, one
// after the other; starts[e] Σ L² of the examples before e.

__kernel void attention_probs(__global const float *q, __global const float *k, __global const int *offsets, __global const int *owner,
                              __global const int *starts, __global float *probs, int n, int heads, int hidden, float factor) {
  int i = get_global_id(0);
  if (i >= n) return;
  int t = i / heads, h = i % heads, e = owner[t], from = offsets[e], length = offsets[e + 1] - from, size = hidden / heads;
  __global float *row = probs + (size_t)starts[e] * heads + ((size_t)h * length + t - from) * length;
  float top = -INFINITY, sum = 0;
  for (int s = 0; s < length; s++) {
    row[s] = factor * dot_rows(q + (size_t)t * hidden + h * size, k + (size_t)(from + s) * hidden + h * size, size);
    top = fmax(top, row[s]);
  }
  for (int s = 0; s < length; s++) sum += row[s] = exp(row[s] - top);
  for (int s = 0; s < length; s++) row[s] /= sum;
}

// mix is y[j] = Σ_s p[s stride] v[s, j] for the columns j of one head.
void mix(__global const float *p, int stride, __global const float *v, int length, int hidden, int size, __global float *y) {
  int j = 0;
  for (; j + 16 <= size; j += 16) {
    float16 sum = 0;
    for (int s = 0; s < length; s++) sum = fma((float16)(p[(size_t)s * stride]), vload16(0, v + (size_t)s * hidden + j), sum);
    vstore16(sum, 0, y + j);
  }
  for (; j < size; j++) {
    float sum = 0;
    for (int s = 0; s < length; s++) sum = fma(p[(size_t)s * stride], v[(size_t)s * hidden + j], sum);
    y[j] = sum;
  }
}

// y[t] = Σ_s p[t, s] v[s], or transposed y[s] = Σ_t p[t, s] v[t]; one work-item a token and head.
__kernel void attention_mix(__global const float *probs, __global const float *v, __global const int *offsets, __global const int *owner,
                            __global const int *starts, __global float *y, int n, int heads, int hidden, int turn) {
  int i = get_global_id(0);
  if (i >= n) return;
  int t = i / heads, h = i % heads, e = owner[t], from = offsets[e], length = offsets[e + 1] - from, size = hidden / heads;
  __global const float *p = probs + (size_t)starts[e] * heads + (size_t)h * length * length + (turn ? t - from : (t - from) * length);
  mix(p, turn ? length : 1, v + (size_t)from * hidden + h * size, length, hidden, size, y + (size_t)t * hidden + h * size);
}

// dS = factor P (dP - rowsum(P dP)), dP = g vᵀ
__kernel void attention_scores_grad(__global const float *probs, __global const float *g, __global const float *v, __global const int *offsets,
                                    __global const int *owner, __global const int *starts, __global float *ds, int n, int heads, int hidden, float factor) {
  int i = get_global_id(0);
  if (i >= n) return;
  int t = i / heads, h = i % heads, e = owner[t], from = offsets[e], length = offsets[e + 1] - from, size = hidden / heads;
  size_t at = (size_t)starts[e] * heads + ((size_t)h * length + t - from) * length;
  float along = 0;
  for (int s = 0; s < length; s++) {
    ds[at + s] = dot_rows(g + (size_t)t * hidden + h * size, v + (size_t)(from + s) * hidden + h * size, size);
    along += probs[at + s] * ds[at + s];
  }
  for (int s = 0; s < length; s++) ds[at + s] = factor * probs[at + s] * (ds[at + s] - along);
}

// The same three for GPUs: one group of 64 a token and head, so that neighbours read neighbouring numbers and no
// work-item has a row to itself.

REDUCTION(most_of_group, float, room[id] = fmax(room[id], room[id + step]))
REDUCTION(sum_of_group, float, room[id] += room[id + step])

__kernel void attention_probs_group(__global const float *q, __global const float *k, __global const int *offsets, __global const int *owner,
                                    __global const int *starts, __global float *probs, int n, int heads, int hidden, float factor) {
  __local float room[GROUP];
  int i = get_group_id(0), t = i / heads, h = i % heads, e = owner[t], from = offsets[e], length = offsets[e + 1] - from, size = hidden / heads;
  __global float *row = probs + (size_t)starts[e] * heads + ((size_t)h * length + t - from) * length;
  float top = -INFINITY, sum = 0;
  for (int s = get_local_id(0); s < length; s += GROUP) {
    row[s] = factor * dot_rows(q + (size_t)t * hidden + h * size, k + (size_t)(from + s) * hidden + h * size, size);
    top = fmax(top, row[s]);
  }
  top = most_of_group(top, room);
  for (int s = get_local_id(0); s < length; s += GROUP) sum += row[s] = exp(row[s] - top);
  sum = sum_of_group(sum, room);
  for (int s = get_local_id(0); s < length; s += GROUP) row[s] /= sum;
}

__kernel void attention_mix_group(__global const float *probs, __global const float *v, __global const int *offsets, __global const int *owner,
                                  __global const int *starts, __global float *y, int n, int heads, int hidden, int turn) {
  int i = get_group_id(0), t = i / heads, h = i % heads, e = owner[t], from = offsets[e], length = offsets[e + 1] - from, size = hidden / heads;
  __global const float *p = probs + (size_t)starts[e] * heads + (size_t)h * length * length + (turn ? t - from : (t - from) * length);
  int stride = turn ? length : 1;
  for (int j = get_local_id(0); j < size; j += GROUP) {
    float sum = 0;
    for (int s = 0; s < length; s++) sum = fma(p[(size_t)s * stride], v[(size_t)(from + s) * hidden + h * size + j], sum);
    y[(size_t)t * hidden + h * size + j] = sum;
  }
}

__kernel void attention_scores_grad_group(__global const float *probs, __global const float *g, __global const float *v, __global const int *offsets,
                                          __global const int *owner, __global const int *starts, __global float *ds, int n, int heads, int hidden, float factor) {
  __local float room[GROUP];
  int i = get_group_id(0), t = i / heads, h = i % heads, e = owner[t], from = offsets[e], length = offsets[e + 1] - from, size = hidden / heads;
  size_t at = (size_t)starts[e] * heads + ((size_t)h * length + t - from) * length;
  float along = 0;
  for (int s = get_local_id(0); s < length; s += GROUP) {
    ds[at + s] = dot_rows(g + (size_t)t * hidden + h * size, v + (size_t)(from + s) * hidden + h * size, size);
    along += probs[at + s] * ds[at + s];
  }
  along = sum_of_group(along, room);
  for (int s = get_local_id(0); s < length; s += GROUP) ds[at + s] = factor * probs[at + s] * (ds[at + s] - along);
}
