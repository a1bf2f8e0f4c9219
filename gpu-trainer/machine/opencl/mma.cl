// Matrix products on tensor cores: factors in bfloat16, sums in float32. One group of four warps makes a 64x64 tile
// of the result, each warp a quarter of it by mma.sync.m16n8k16. The left operand's rows must be contiguous (ak = 1).
//
// MMA_EMULATED puts the instruction together from the fragment layouts of the PTX manual, so that the indices below
// are checked on any device.

#define MMA_TILE 64
#define MMA_DEPTH 32
#define MMA_PITCH (MMA_DEPTH + 8)
#define MMA_WARPS 4
#define MMA_ITEMS (MMA_WARPS * 32)

#ifndef RIGHT
#define RIGHT float
#endif

#ifdef MMA_EMULATED
#define UNROLL
// Section "Matrix Fragments for mma.m16n8k16 with floating point type" of the PTX manual: with group = lane / 4 and
// thread = lane % 4,
//   A  element i of 8: row group, + 8 unless i is 0, 1, 4 or 5; column thread*2 + i%2, + 8 if i >= 4
//   B  element i of 4: row thread*2 + i%2, + 8 if i >= 2; column group
//   C  element i of 4: row group, + 8 if i >= 2; column thread*2 + i%2
#define MMA_ROOM __local ushort roomA[MMA_WARPS][16][16], roomB[MMA_WARPS][16][8];
#define MMA_ARGS , __local ushort (*roomA)[16][16], __local ushort (*roomB)[16][8]
#define MMA_PASS , roomA, roomB
void mma(float *c, const uint *a, const uint *b MMA_ARGS) {
  int warp = get_local_id(0) / 32, group = get_local_id(0) % 32 / 4, thread = get_local_id(0) % 4;
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = 0; i < 8; i++) roomA[warp][group + (i < 2 || (i >= 4 && i < 6) ? 0 : 8)][thread * 2 + i % 2 + (i >= 4 ? 8 : 0)] = a[i / 2] >> (i % 2 * 16);
  for (int i = 0; i < 4; i++) roomB[warp][thread * 2 + i % 2 + (i >= 2 ? 8 : 0)][group] = b[i / 2] >> (i % 2 * 16);
  barrier(CLK_LOCAL_MEM_FENCE);
  for (int i = 0; i < 4; i++)
    for (int k = 0; k < 16; k++)
      c[i] = fma(as_float((uint)roomA[warp][group + (i >= 2 ? 8 : 0)][k] << 16), as_float((uint)roomB[warp][k][thread * 2 + i % 2] << 16), c[i]);
}
#else
#define UNROLL _Pragma("unroll") // fragments stay in registers
#define MMA_ROOM
#define MMA_PASS
void mma(float *c, const uint *a, const uint *b) {
  __asm__ volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
      : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
}
#endif

// half_float rounds to bfloat16, half to even; a NaN stays one.
ushort half_float(float v) {
  uint bits = as_uint(v);
  return isnan(v) ? bits >> 16 | 0x40 : (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
ushort half_ushort(ushort v) { return v; }
#define MMA_JOIN_(a, b) a##b
#define MMA_JOIN(a, b) MMA_JOIN_(a, b)

ushort4 halves_float(__global const float *p) {
  float4 v = *(__global const float4 *)p;
  return (ushort4)(half_float(v.x), half_float(v.y), half_float(v.z), half_float(v.w));
}
ushort4 halves_ushort(__global const ushort *p) { return *(__global const ushort4 *)p; }

// bring fills a tile [64][MMA_DEPTH] with rows row.. of an operand from depth k0 on, with zeros beyond it: four
// numbers at a time, along the direction in which they are neighbours, and as one vector where they are aligned.
#define BRING(name, type)                                                                                                                   \
  void name(__global const type *from, int rows, int depth, int row, int k0, int along_i, int along_k, __local ushort (*into)[MMA_PITCH]) { \
    for (int p = get_local_id(0) * 4; p < MMA_TILE * MMA_DEPTH; p += MMA_ITEMS * 4) {                                                       \
      int i = along_k == 1 ? p / MMA_DEPTH : p % MMA_TILE, k = along_k == 1 ? p % MMA_DEPTH : p / MMA_TILE;                                 \
      int di = along_k != 1, dk = along_k == 1;                                                                                             \
      size_t at = (size_t)(row + i) * along_i + (size_t)(k0 + k) * along_k;                                                                 \
      if (row + i + 3 * di < rows && k0 + k + 3 * dk < depth && (along_k == 1 || along_i == 1) && at % 4 == 0) {                            \
        ushort4 v = MMA_JOIN(halves_, type)(from + at);                                                                                     \
        into[i][k] = v.x, into[i + di][k + dk] = v.y, into[i + 2 * di][k + 2 * dk] = v.z, into[i + 3 * di][k + 3 * dk] = v.w;               \
        continue;                                                                                                                           \
      }                                                                                                                                     \
      for (int q = 0; q < 4; q++) {                                                                                                         \
        int inside = row + i + q * di < rows && k0 + k + q * dk < depth;                                                                    \
        into[i + q * di][k + q * dk] = inside ? MMA_JOIN(half_, type)(from[at + (size_t)q * (di ? along_i : along_k)]) : 0;                 \
      }                                                                                                                                     \
    }                                                                                                                                       \
  }
BRING(bring_left, float)
BRING(bring_right, RIGHT)

// pair is two neighbours in depth, the first of an even number, as the instruction takes them.
uint pair(__local const ushort *p) { return *(__local const uint *)p; }

// c = a b, plus bias where it has one, plus c where add is set: c [m, n].
__kernel void product_mma(__global const float *a, __global const RIGHT *b, __global const float *bias, __global float *c,
                          int m, int n, int depth, int ai, int bk, int bj, int biased, int add) {
  __local ushort left[MMA_TILE][MMA_PITCH] __attribute__((aligned(16))), right[MMA_TILE][MMA_PITCH] __attribute__((aligned(16)));
  MMA_ROOM
  int row = get_group_id(1) * MMA_TILE, column = get_group_id(0) * MMA_TILE;
  int warp = get_local_id(0) / 32, group = get_local_id(0) % 32 / 4, thread = get_local_id(0) % 4;
  int down = warp / 2 * 32, across = warp % 2 * 32;
  float acc[2][4][4] = {{{0}}};
  for (int k0 = 0; k0 < depth; k0 += MMA_DEPTH) {
    barrier(CLK_LOCAL_MEM_FENCE);
    bring_left(a, m, depth, row, k0, ai, 1, left);
    bring_right(b, n, depth, column, k0, bj, bk, right);
    barrier(CLK_LOCAL_MEM_FENCE);
    UNROLL for (int k = 0; k < MMA_DEPTH; k += 16)
      UNROLL for (int i = 0; i < 2; i++) {
        uint fa[4];
        UNROLL for (int q = 0; q < 4; q++) fa[q] = pair(&left[down + i * 16 + group + q % 2 * 8][k + thread * 2 + q / 2 * 8]);
        UNROLL for (int j = 0; j < 4; j++) {
          uint fb[2];
          UNROLL for (int q = 0; q < 2; q++) fb[q] = pair(&right[across + j * 8 + group][k + thread * 2 + q * 8]);
          mma(acc[i][j], fa, fb MMA_PASS);
        }
      }
  }
  UNROLL for (int i = 0; i < 2; i++)
    UNROLL for (int j = 0; j < 4; j++)
      UNROLL for (int q = 0; q < 4; q++) {
        int r = row + down + i * 16 + group + q / 2 * 8, s = column + across + j * 8 + thread * 2 + q % 2;
        if (r >= m || s >= n) continue;
        __global float *to = c + (size_t)r * n + s;
        *to = acc[i][j][q] + (biased ? bias[s] : 0.0f) + (add ? *to : 0.0f);
      }
}
