package dp

import (
	"math"
	"math/big"
	"testing"
)

// TestGridBounds evaluates the promises of Grid in rational arithmetic over the range of plans.
func TestGridBounds(t *testing.T) {
	for _, norm := range []float64{1e-6, 0.1, 1, 10, 12345.678} {
		for _, rows := range []int64{1, 6, 67349, 392702, 1 << 34} {
			for _, dim := range []int{1, 1154, 148994, 124_000_000} {
				for _, sigma := range []float64{1e-3, 0.4, 0.5929, 30, 5000} {
					g, err := NewGrid(norm, rows, dim, sigma, Slack32)
					if err != nil {
						t.Fatalf("norm %v rows %d dim %d sigma %v: %v", norm, rows, dim, sigma, err)
					}
					checkGrid(t, g, norm, rows, dim, sigma)
				}
			}
		}
	}
}

func checkGrid(t *testing.T, g Grid, norm float64, rows int64, dim int, sigma float64) {
	t.Helper()
	if frac, _ := math.Frexp(g.Quantum); frac != 0.5 {
		t.Fatalf("quantum %v is no power of two", g.Quantum)
	}
	exact := func(v float64) *big.Float { return new(big.Float).SetPrec(400).SetFloat64(v) }
	bound := exact(norm)
	bound.Mul(bound, exact(1+Slack32))
	largest := new(big.Float).Quo(bound, exact(g.Quantum))
	largest.Add(largest, exact(0.5))
	if largest.Cmp(exact(0x1p45)) > 0 {
		t.Errorf("one number may reach %v", largest)
	}
	if largest.Mul(largest, exact(float64(rows))).Cmp(exact(0x1p61)) > 0 {
		t.Errorf("the sum may reach %v", largest)
	}
	root := new(big.Float).SetPrec(400).SetInt64(int64(dim))
	root.Sqrt(root).Mul(root, exact(g.Quantum*(0.5+0x1p-30)))
	sensitivity := new(big.Float).Add(bound, root)
	if exact(g.Sensitivity).Cmp(sensitivity) < 0 {
		t.Errorf("sensitivity %v, true %v", g.Sensitivity, sensitivity)
	}
	noise := new(big.Float).Mul(exact(g.Scale), exact(g.Quantum))
	if noise.Cmp(sensitivity.Mul(sensitivity, exact(sigma))) < 0 {
		t.Errorf("noise %v, priced %v", noise, sensitivity)
	}
	if ratio := g.Scale * g.Quantum / (norm * sigma); ratio > 1.002 {
		t.Errorf("noise is %v times what exact arithmetic needs", ratio)
	}
}

func TestGridRefuses(t *testing.T) {
	for name, f := range map[string]func() (Grid, error){
		"norm 0":     func() (Grid, error) { return NewGrid(0, 1, 1, 1, 0) },
		"norm tiny":  func() (Grid, error) { return NewGrid(0x1p-41, 1, 1, 1, 0) },
		"norm inf":   func() (Grid, error) { return NewGrid(math.Inf(1), 1, 1, 1, 0) },
		"no rows":    func() (Grid, error) { return NewGrid(1, 0, 1, 1, 0) },
		"many rows":  func() (Grid, error) { return NewGrid(1, 1<<41, 1, 1, 0) },
		"no numbers": func() (Grid, error) { return NewGrid(1, 1, 0, 1, 0) },
		"no noise":   func() (Grid, error) { return NewGrid(1, 1, 1, 0, 0) },
		"slack":      func() (Grid, error) { return NewGrid(1, 1, 1, 1, 1) },
		"tiny noise": func() (Grid, error) { return NewGrid(1, 1, 1, 1e-20, 0) },
	} {
		if _, err := f(); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
