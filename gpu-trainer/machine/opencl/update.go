package opencl

import "github.com/ewtune/ewtune/gpu-trainer/machine"

// once is a kernel that calls outside of graphs share.
func (b *Backend) once(name string) (*kernel, error) {
	if k := b.single[name]; k != nil {
		return k.start(), nil
	}
	k, err := b.newKernel(b.base, name)
	if err != nil {
		return nil, err
	}
	b.single[name] = k
	return k.start(), nil
}

// Clear zeroes the first n numbers of a buffer.
func (b *Backend) Clear(m machine.Buffer, n int) error {
	k, err := b.once("clear")
	if err != nil {
		return err
	}
	words := n * int(m.(*Buffer).width) / 4
	return k.mem(m).ints(words).over(words)
}

// AddIntegers adds n integers from number from on to a sum: both buffers of int64.
func (b *Backend) AddIntegers(sum, integers machine.Buffer, from, n int) error {
	k, err := b.once("add_integers")
	if err != nil {
		return err
	}
	return k.mem(sum, integers).ints(from, n).over(n)
}

// A Gradient says where the gradient G of a step lies: G = Sum·Quantum/Divisor, or G = Plain/Divisor where Quantum is
// 0.
type Gradient struct {
	Sum, Plain       machine.Buffer // int64 and float32; only the one that is read must be there
	Quantum, Divisor float64
}

func (g Gradient) buffers() (sum, plain machine.Buffer) {
	if g.Quantum == 0 {
		return g.Plain, g.Plain
	}
	return g.Sum, g.Sum
}

// Form leaves n numbers of G in to.
func (b *Backend) Form(g Gradient, to machine.Buffer, n int) error {
	k, err := b.once("gradient")
	if err != nil {
		return err
	}
	sum, plain := g.buffers()
	return k.mem(sum, plain, to).ints(n).double(g.Quantum, g.Divisor).over(n)
}

// Adam holds the constants of one step of the Adam family (see dp.Apply):
//
//	g ← G + Coupled θ,  m ← Beta1 m + (1-Beta1) g,  v ← Beta2 v + (1-Beta2) g²,
//	θ ← Shrink θ - Rate (Correct1 m) / (√(Correct2 v) + Epsilon), or with Unbiased … / √max(Correct2 v - Variance, Epsilon).
type Adam struct {
	Beta1, Beta2, Correct1, Correct2, Epsilon, Rate, Shrink, Coupled, Variance float64
	Unbiased                                                                   bool
}

// StepAdam steps n numbers θ with their moments.
func (b *Backend) StepAdam(a Adam, g Gradient, theta, first, second machine.Buffer, n int) error {
	k, err := b.once("step_adam")
	if err != nil {
		return err
	}
	unbiased := 0
	if a.Unbiased {
		unbiased = 1
	}
	sum, plain := g.buffers()
	return k.mem(sum, plain, theta, first, second).ints(n, unbiased).double(g.Quantum, g.Divisor, a.Beta1, 1-a.Beta1, a.Beta2, 1-a.Beta2,
		a.Correct1, a.Correct2, a.Epsilon, a.Rate, a.Shrink, a.Coupled, a.Variance).over(n)
}

// StepSGD steps n numbers θ: g ← G + Decay θ, with momentum m ← Momentum m + g and g ← m, then θ ← θ - Rate g.
// Without momentum first is not read.
func (b *Backend) StepSGD(momentum, decay, rate float64, g Gradient, theta, first machine.Buffer, n int) error {
	k, err := b.once("step_sgd")
	if err != nil {
		return err
	}
	if first == nil {
		first = theta
	}
	sum, plain := g.buffers()
	return k.mem(sum, plain, theta, first).ints(n).double(g.Quantum, g.Divisor, momentum, decay, rate).over(n)
}
