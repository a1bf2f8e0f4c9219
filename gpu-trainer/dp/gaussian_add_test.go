package dp

import "testing"

// AddTo adds what Fill writes, for sizes around the blocks.
func TestAddToEqualsFill(t *testing.T) {
	g, err := NewGaussian(1e6)
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, noiseBlock - 1, noiseBlock, 3*noiseBlock + 7} {
		noise, sum := make([]int64, n), make([]int64, n)
		for i := range sum {
			sum[i] = int64(i)
		}
		g.Fill(KeyFromSeed(1), 5, noise)
		g.AddTo(KeyFromSeed(1), 5, sum)
		for i := range sum {
			if sum[i] != int64(i)+noise[i] {
				t.Fatalf("size %d: number %d is %d, want %d", n, i, sum[i], int64(i)+noise[i])
			}
		}
	}
}
