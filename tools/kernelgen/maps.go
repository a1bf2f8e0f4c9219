package main

import (
	"fmt"
	"math"

	. "github.com/mmcloughlin/avo/build"
	. "github.com/mmcloughlin/avo/operand"
	"github.com/mmcloughlin/avo/reg"
)

// Fields of mapArgs: four vectors of n numbers and two scalars in and out.
const (
	mapX = iota
	mapY
	mapZ
	mapOut
	mapN
	mapScalars // two float32
)

func scalar(args reg.Register, i int) Mem { return Mem{Base: args, Disp: 8*mapScalars + 4*i} }

// walk emits a loop over n numbers: body for whole vectors and, masked, for
// the rest. The index counts numbers.
type walk struct {
	*unit
	n    reg.GPVirtual
	tail mask
}

var walks int

func (u *unit) walk(args reg.Register) *walk {
	w := &walk{unit: u, n: field(args, mapN)}
	rest := GP64()
	MOVQ(w.n, rest)
	ANDQ(U8(u.lanes()-1), rest)
	w.tail = u.maskOf(rest)
	ANDQ(I8(-u.lanes()), w.n)
	return w
}

func (w *walk) each(args reg.Register, body func(at reg.Register, m mask)) {
	walks++
	label := fmt.Sprintf("w%d", walks)
	at := GP64()
	XORQ(at, at)
	CMPQ(at, w.n)
	JEQ(LabelRef(label + "tail"))
	Label(label)
	body(at, nil)
	ADDQ(U8(w.lanes()), at)
	CMPQ(at, w.n)
	JLT(LabelRef(label))
	Label(label + "tail")
	CMPQ(at, Mem{Base: args, Disp: 8 * mapN})
	JEQ(LabelRef(label + "end"))
	body(at, w.tail)
	Label(label + "end")
}

// from reads a vector at element at.
func (w *walk) from(base, at reg.Register, m mask) reg.VecVirtual {
	v := w.vec()
	w.load(Mem{Base: base, Index: at, Scale: 4}, m, v)
	return v
}

// fromOr reads a vector, with other in the lanes left out.
func (w *walk) fromOr(base, at reg.Register, m mask, other reg.VecVirtual) reg.VecVirtual {
	src := Mem{Base: base, Index: at, Scale: 4}
	v := w.vec()
	switch {
	case m == nil:
		VMOVUPS(src, v)
	case w.wide():
		VMOVAPS(other, v)
		VMOVUPS(src, m, v)
	default:
		VMASKMOVPS(src, m, v)
		VBLENDVPS(m, v, other, v)
	}
	return v
}

func (w *walk) to(v reg.VecVirtual, base, at reg.Register, m mask) {
	w.store(v, m, Mem{Base: base, Index: at, Scale: 4})
}

// elementwise emits out = f(x, y) for each number; f may ignore y.
func (u *unit) elementwise(name, doc string, inputs int, f func(w *walk, x, y reg.VecVirtual) reg.VecVirtual) {
	args := u.function(name, "mapArgs", doc)
	w := u.walk(args)
	x, out := field(args, mapX), field(args, mapOut)
	var y reg.GPVirtual
	if inputs == 2 {
		y = field(args, mapY)
	}
	w.each(args, func(at reg.Register, m mask) {
		xv := w.from(x, at, m)
		var yv reg.VecVirtual
		if inputs == 2 {
			yv = w.from(y, at, m)
		}
		w.to(f(w, xv, yv), out, at, m)
	})
	finish()
}

func (u *unit) maps() {
	u.elementwise("gelu", "computes x Φ(x).", 1, func(w *walk, x, _ reg.VecVirtual) reg.VecVirtual {
		phi, _ := w.normal(x)
		VMULPS(x, phi, phi)
		return phi
	})
	u.elementwise("geluGrad", "computes y (Φ(x) + x φ(x)).", 2, func(w *walk, x, g reg.VecVirtual) reg.VecVirtual {
		slope := w.geluSlope(x)
		VMULPS(g, slope, slope)
		return slope
	})
	u.geluBoth()
	u.elementwise("add", "computes x + y.", 2, func(w *walk, x, y reg.VecVirtual) reg.VecVirtual {
		VADDPS(y, x, x)
		return x
	})
	u.elementwise("multiply", "computes x y.", 2, func(w *walk, x, y reg.VecVirtual) reg.VecVirtual {
		VMULPS(y, x, x)
		return x
	})
	u.softmax()
	u.softmaxGrad()
	u.layerNorm()
	u.layerNormGrad()
}

func (u *unit) geluSlope(x reg.VecVirtual) reg.VecVirtual {
	phi, density := u.normal(x)
	scaled := u.timesC(density, 1/math.Sqrt(2*math.Pi))
	VFMADD231PS(scaled, x, phi)
	return phi
}

// geluBoth emits the function that keeps the slope for the gradient.
func (u *unit) geluBoth() {
	args := u.function("geluBoth", "mapArgs", "computes x Φ(x) into out and its derivative into z.")
	w := u.walk(args)
	x, z, out := field(args, mapX), field(args, mapZ), field(args, mapOut)
	w.each(args, func(at reg.Register, m mask) {
		v := w.from(x, at, m)
		phi, density := w.normal(v)
		y, slope := w.vec(), w.timesC(density, 1/math.Sqrt(2*math.Pi))
		VMULPS(v, phi, y)
		VFMADD213PS(phi, v, slope)
		w.to(y, out, at, m)
		w.to(slope, z, at, m)
	})
	finish()
}

// softmax emits out = softmax(s x) for one row, s being scalar 0.
func (u *unit) softmax() {
	args := u.function("softmax", "mapArgs", "computes softmax(s x) of one row.")
	w := u.walk(args)
	x, out := field(args, mapX), field(args, mapOut)
	scale := w.spread(scalar(args, 0))
	lowest := w.all(-math.MaxFloat32)
	most := w.copyOf(lowest)
	w.each(args, func(at reg.Register, m mask) {
		v := w.fromOr(x, at, m, lowest)
		VMAXPS(v, most, most)
	})
	shift := w.everywhere(w.top(most))
	VMULPS(scale, shift, shift)
	sum := w.vec()
	w.zero(sum)
	w.each(args, func(at reg.Register, m mask) {
		v := w.fromOr(x, at, m, lowest)
		VFMSUB213PS(shift, scale, v)
		e := w.exp(v)
		VADDPS(e, sum, sum)
		w.to(e, out, at, m)
	})
	inverse := w.reciprocal(w.total(sum))
	w.each(args, func(at reg.Register, m mask) {
		v := w.from(out, at, m)
		VMULPS(inverse, v, v)
		w.to(v, out, at, m)
	})
	finish()
}

// reciprocal is 1/x of lane 0, everywhere.
func (u *unit) reciprocal(x reg.VecVirtual) reg.VecVirtual {
	one := XMM()
	VMOVSS(constant(1), one)
	VDIVSS(x.AsX(), one, one)
	return u.everywhere(one)
}

// softmaxGrad emits out = s x (y - Σ x y) for one row.
func (u *unit) softmaxGrad() {
	args := u.function("softmaxGrad", "mapArgs", "computes s x (y - Σ x y) of one row.")
	w := u.walk(args)
	x, y, out := field(args, mapX), field(args, mapY), field(args, mapOut)
	scale := w.spread(scalar(args, 0))
	sum := w.vec()
	w.zero(sum)
	w.each(args, func(at reg.Register, m mask) {
		a, b := w.from(x, at, m), w.from(y, at, m)
		VFMADD231PS(b, a, sum)
	})
	along := w.everywhere(w.total(sum))
	w.each(args, func(at reg.Register, m mask) {
		a, b := w.from(x, at, m), w.from(y, at, m)
		VSUBPS(along, b, b)
		VMULPS(scale, a, a)
		VMULPS(a, b, b)
		w.to(b, out, at, m)
	})
	finish()
}

// mean is v's lanes' sum over scalar 0, the count, in lane 0.
func (w *walk) mean(args reg.Register, sum reg.VecVirtual) reg.VecVirtual {
	m := w.total(sum)
	VDIVSS(scalar(args, 0), m.AsX(), m.AsX())
	return m
}

// layerNorm emits out = (x - mean) rstd y + z for one row. Scalar 0 is the
// number of columns and scalar 1 the epsilon; they become mean and rstd.
func (u *unit) layerNorm() {
	args := u.function("layerNorm", "mapArgs", "normalises one row, and leaves mean and rstd in the scalars.")
	w := u.walk(args)
	x, gamma, beta, out := field(args, mapX), field(args, mapY), field(args, mapZ), field(args, mapOut)
	sum := w.vec()
	w.zero(sum)
	w.each(args, func(at reg.Register, m mask) {
		v := w.from(x, at, m)
		VADDPS(v, sum, sum)
	})
	mean := w.mean(args, sum)
	center := w.everywhere(mean)
	squares := w.vec()
	w.zero(squares)
	w.each(args, func(at reg.Register, m mask) {
		d := w.fromOr(x, at, m, center)
		VSUBPS(center, d, d)
		VFMADD231PS(d, d, squares)
	})
	variance, one := w.mean(args, squares), XMM()
	VADDSS(scalar(args, 1), variance.AsX(), variance.AsX())
	VSQRTSS(variance.AsX(), variance.AsX(), variance.AsX())
	VMOVSS(constant(1), one)
	VDIVSS(variance.AsX(), one, one)
	VMOVSS(mean.AsX(), scalar(args, 0))
	VMOVSS(one, scalar(args, 1))
	rstd := w.everywhere(one)
	w.each(args, func(at reg.Register, m mask) {
		v, g, b := w.from(x, at, m), w.from(gamma, at, m), w.from(beta, at, m)
		VSUBPS(center, v, v)
		VMULPS(rstd, v, v)
		VFMADD213PS(b, g, v)
		w.to(v, out, at, m)
	})
	finish()
}

// layerNormGrad emits out = rstd (h - mean(h) - x̂ mean(h x̂)) with h = y z.
// Scalars: columns, mean, rstd.
func (u *unit) layerNormGrad() {
	args := u.function("layerNormGrad", "mapArgs", "computes the input gradient of one row: x, y the gradient, z gamma.")
	w := u.walk(args)
	x, g, gamma, out := field(args, mapX), field(args, mapY), field(args, mapZ), field(args, mapOut)
	mean, rstd := w.spread(scalar(args, 1)), w.spread(scalar(args, 2))
	sum, along := w.vec(), w.vec()
	w.zero(sum)
	w.zero(along)
	both := func(at reg.Register, m mask) (h, n reg.VecVirtual) {
		h, n = w.from(g, at, m), w.from(x, at, m)
		c := w.from(gamma, at, m)
		VMULPS(c, h, h)
		VSUBPS(mean, n, n)
		VMULPS(rstd, n, n)
		return h, n
	}
	w.each(args, func(at reg.Register, m mask) {
		h, n := both(at, m)
		VADDPS(h, sum, sum)
		VFMADD231PS(h, n, along)
	})
	a, b := w.everywhere(w.mean(args, sum)), w.everywhere(w.mean(args, along))
	w.each(args, func(at reg.Register, m mask) {
		h, n := both(at, m)
		VSUBPS(a, h, h)
		VFNMADD231PS(b, n, h)
		VMULPS(rstd, h, h)
		w.to(h, out, at, m)
	})
	finish()
}
