package dp

import (
	"math"
	"math/big"
	"math/rand/v2"
	"testing"
)

// reference makes all steps of one number in 200-bit arithmetic, straight from the textbook sums
// m_k = (1-β₁) Σ β₁^{k-j} g_j: no recurrence is shared with Apply.
func reference(o Optimizer, lr, theta float64, gradient func(k int, theta float64) float64, steps int) float64 {
	o = o.WithDefaults()
	var history []float64
	for k := 1; k <= steps; k++ {
		g := gradient(k, theta)
		if o.Kind == Adam || o.Kind == SGD {
			g += o.WeightDecay * theta
		}
		history = append(history, g)
		if o.Kind == SGD {
			theta -= lr * discounted(history, o.Momentum, 1, 1)
			continue
		}
		first := discounted(history, o.Beta1, 1, 1-o.Beta1)
		second := discounted(history, o.Beta2, 2, 1-o.Beta2)
		c1, c2 := 1-math.Pow(o.Beta1, float64(k)), 1-math.Pow(o.Beta2, float64(k))
		var step float64
		switch {
		case o.Kind == AdamBC:
			step = first / c1 / math.Sqrt(math.Max(second/c2-o.NoiseVariance, o.Epsilon))
		case o.EpsilonBeforeCorrection:
			step = math.Sqrt(c2) / c1 * first / (math.Sqrt(second) + o.Epsilon)
		default:
			step = first / c1 / (math.Sqrt(second/c2) + o.Epsilon)
		}
		if o.Kind != Adam {
			theta -= lr * o.WeightDecay * theta
		}
		theta -= lr * step
	}
	return theta
}

// discounted is scale·Σ_j βᵏ⁻ʲ g_jᵖ.
func discounted(g []float64, beta float64, power int, scale float64) float64 {
	sum := new(big.Float).SetPrec(200)
	for j, x := range g {
		term := new(big.Float).SetPrec(200).SetFloat64(scale)
		for range len(g) - 1 - j {
			term.Mul(term, big.NewFloat(beta))
		}
		for range power {
			term.Mul(term, big.NewFloat(x))
		}
		sum.Add(sum, term)
	}
	out, _ := sum.Float64()
	return out
}

func TestApply(t *testing.T) {
	cases := map[string]Optimizer{
		"adamw":              {WeightDecay: 0.01},
		"adamw, eps before":  {EpsilonBeforeCorrection: true, Epsilon: 1e-3},
		"adamw, eps after":   {Epsilon: 1e-3},
		"adam with decay":    {Kind: Adam, WeightDecay: 0.1, Beta1: 0.8, Beta2: 0.95},
		"sgd":                {Kind: SGD},
		"sgd, momentum":      {Kind: SGD, Momentum: 0.9, WeightDecay: 0.05},
		"adambc":             {Kind: AdamBC, NoiseVariance: 0.3, WeightDecay: 0.02},
		"adambc, floor":      {Kind: AdamBC, NoiseVariance: 10, Epsilon: 1e-2},
		"rgp of the authors": {Kind: AdamW, Epsilon: 1e-6, EpsilonBeforeCorrection: true},
	}
	for name, o := range cases {
		t.Run(name, func(t *testing.T) {
			rng := rand.New(rand.NewPCG(1, 2))
			const steps, lr = 12, 0.03
			noise := make([]float64, steps+1)
			for i := range noise {
				noise[i] = rng.NormFloat64()
			}
			gradient := func(k int, theta float64) float64 { return 0.3*theta + noise[k] }
			want := reference(o, lr, 0.7, gradient, steps)
			theta, m, v := []float64{0.7}, []float64{0}, []float64{0}
			single, m32, v32 := []float32{0.7}, []float32{0}, []float32{0}
			for k := 1; k <= steps; k++ {
				Apply(o, k, lr, theta, []float64{gradient(k, theta[0])}, m, v)
				Apply(o, k, lr, single, []float32{float32(gradient(k, float64(single[0])))}, m32, v32)
			}
			// 12 steps of ten rounded operations each on numbers below 10: 1e-13 is 4 times the worst case; float32 alike.
			if math.Abs(theta[0]-want) > 1e-13 {
				t.Errorf("float64: %.17g, want %.17g", theta[0], want)
			}
			if math.Abs(float64(single[0])-want) > 5e-5 {
				t.Errorf("float32: %.9g, want %.9g", single[0], want)
			}
		})
	}
}

func TestApplyIsElementwise(t *testing.T) {
	whole := [3][]float32{{1, -2, 3, 4}, make([]float32, 4), make([]float32, 4)}
	parts := [3][]float32{{1, -2, 3, 4}, make([]float32, 4), make([]float32, 4)}
	g := []float32{0.5, 1, -1, 0}
	for k := 1; k <= 3; k++ {
		Apply(Optimizer{}, k, 0.1, whole[0], g, whole[1], whole[2])
		Apply(Optimizer{}, k, 0.1, parts[0][:1], g[:1], parts[1][:1], parts[2][:1])
		Apply(Optimizer{}, k, 0.1, parts[0][1:], g[1:], parts[1][1:], parts[2][1:])
	}
	for i := range g {
		if whole[0][i] != parts[0][i] {
			t.Errorf("number %d: %v whole, %v in parts", i, whole[0][i], parts[0][i])
		}
	}
}

func TestOptimizerValidate(t *testing.T) {
	bad := []Optimizer{{Kind: "lion"}, {Beta1: 1}, {Beta2: -0.1}, {Momentum: math.NaN()}, {Kind: SGD, EpsilonBeforeCorrection: true}, {WeightDecay: math.Inf(1)}}
	for _, o := range bad {
		if o.Validate() == nil {
			t.Errorf("%+v: no error", o)
		}
	}
	if err := (Optimizer{}).Validate(); err != nil {
		t.Error(err)
	}
}
