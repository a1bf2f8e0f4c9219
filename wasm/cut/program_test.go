package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
)

// programmer writes random kernels in Go: numbers of every width and truth values in registers, in structures and arrays on
// the stack and in memory; structures passed by value, by pointer and returned; several results; loops that are left in the
// middle. Nothing that it writes allocates or panics.
type programmer struct {
	*rand.Rand
	out     strings.Builder
	records []record
	funcs   []signature
	scope   []place
	kinds   []string // that the function at work prefers
	results []string
	loops   int
	depth   int
	cost    int // of one run of the function, in statements, roughly
	factor  int // how often the statement at work runs
	names   int
	whole   bool // structures are passed and returned by value too, which is refused where they are taken apart
}

// record is a structure type.
type record struct {
	name   string
	fields []place // suffixes, such as ".a" or ".b[1]"
}

// place is something of a basic type that can be read and set; or, where record is set, a structure.
type place struct {
	text, kind string
	fixed      bool // must not be set
}

// signature is a function that can be called.
type signature struct {
	name            string
	params, results []string // kinds; names of records; "*" and such a name
	cost            int
}

var kinds = []string{"bool", "uint8", "int8", "uint16", "int16", "uint32", "int32", "int64", "uint64", "float32", "float64", "float64"}

func (p *programmer) line(format string, args ...any) {
	fmt.Fprintf(&p.out, strings.Repeat("\t", p.depth)+format+"\n", args...)
}

func one[T any](p *programmer, list []T) T { return list[p.IntN(len(list))] }

func (p *programmer) name() string {
	p.names++
	return fmt.Sprintf("v%d", p.names)
}

// program writes a whole program with n kernels, each exported as k0, k1, …
func program(seed uint64, n int, whole bool) string {
	p := &programmer{Rand: rand.New(rand.NewPCG(seed, 11)), whole: whole}
	p.out.WriteString(preamble)
	for range 6 {
		p.record()
	}
	for i := range 3 * n {
		p.function(i)
	}
	for i := range n {
		p.kernel(i)
	}
	return p.out.String()
}

const preamble = `// Written by programmer.
package main

import (
	"math"
	"unsafe"
)

var (
	input  [16]float64
	output [16]uint64
	tables = [8]float64{1, -0.5, 2.25, 1e10, -3, 0.125, 7, -1e-3}
	global [64]float64
	bytes  [64]uint8
)

//go:wasmexport input
func inputAddress() unsafe.Pointer { return unsafe.Pointer(&input) }

//go:wasmexport output
func outputAddress() unsafe.Pointer { return unsafe.Pointer(&output) }

func main() {}

//go:noinline
func emit(i int, x float64) {
	if x != x {
		x = 1
	}
	output[i] ^= math.Float64bits(x)
}

//go:noinline
func truth(i int, x bool) {
	if x {
		output[i] += 1 << 40
	}
}

func whole(x float64) int64 {
	if !(x > -1e9 && x < 1e9) {
		return 77
	}
	return int64(x)
}
`

func (p *programmer) record() {
	r := record{name: fmt.Sprintf("S%d", len(p.records))}
	p.line("\ntype %s struct {", r.name)
	for i := range 1 + p.IntN(6) {
		field := string(rune('a' + i))
		switch kind := one(p, kinds); {
		case p.IntN(4) == 0:
			n := 1 << p.IntN(3)
			p.line("\t%s [%d]%s", field, n, kind)
			for k := range n {
				r.fields = append(r.fields, place{text: fmt.Sprintf(".%s[%d]", field, k), kind: kind})
			}
		case p.IntN(5) == 0 && len(p.records) > 0:
			inner := one(p, p.records)
			p.line("\t%s %s", field, inner.name)
			for _, f := range inner.fields {
				r.fields = append(r.fields, place{text: "." + field + f.text, kind: f.kind})
			}
		default:
			p.line("\t%s %s", field, kind)
			r.fields = append(r.fields, place{text: "." + field, kind: kind})
		}
	}
	p.line("}")
	p.records = append(p.records, r)
}

func (p *programmer) fields(name string) []place {
	for _, r := range p.records {
		if r.name == name {
			return r.fields
		}
	}
	return nil
}

// declare brings a variable into scope, with its fields.
func (p *programmer) declare(name, kind string, fixed bool) {
	p.scope = append(p.scope, place{name, kind, fixed})
	for _, f := range p.fields(strings.TrimPrefix(kind, "*")) {
		p.scope = append(p.scope, place{name + f.text, f.kind, false})
	}
}

// typed picks a parameter's or a result's type.
func (p *programmer) typed(pointers bool) string {
	switch {
	case p.IntN(5) == 0 && p.whole:
		return one(p, p.records).name
	case pointers && p.IntN(3) == 0:
		return "*" + one(p, p.records).name
	}
	return one(p, p.kinds)
}

func (p *programmer) function(i int) {
	p.scope, p.loops, p.cost, p.factor, p.names = nil, 0, 0, 1, 0
	p.kinds = []string{one(p, kinds), one(p, kinds), one(p, kinds), one(p, kinds)}
	f := signature{name: fmt.Sprintf("f%d", i)}
	var params []string
	for range p.IntN(6) {
		kind, name := p.typed(true), p.name()
		f.params = append(f.params, kind)
		params = append(params, name+" "+kind)
		p.declare(name, kind, kind[0] == '*')
	}
	for range p.IntN(4) {
		f.results = append(f.results, p.typed(false))
	}
	p.results = f.results
	p.line("\n//go:noinline\nfunc %s(%s) (%s) {", f.name, strings.Join(params, ", "), strings.Join(f.results, ", "))
	p.depth++
	for range 2 + p.IntN(4) {
		p.variable()
	}
	p.block(3 + p.IntN(7))
	p.leave()
	p.depth--
	p.line("}")
	f.cost = p.cost + 5
	p.funcs = append(p.funcs, f)
}

// variable declares a local: a number, a structure or an array of one of the four.
func (p *programmer) variable() {
	name := p.name()
	switch p.IntN(4) {
	case 0:
		r := one(p, p.records)
		p.line("var %s %s", name, r.name)
		p.declare(name, r.name, false)
	case 1:
		kind := one(p, p.kinds)
		p.line("var %s [4]%s", name, kind)
		for range 2 {
			p.scope = append(p.scope, place{text: fmt.Sprintf("%s[whole(%s)&3]", name, p.expr("float64", 1)), kind: kind})
		}
		p.scope = append(p.scope, place{text: name + "[1]", kind: kind})
	default:
		kind := one(p, p.kinds)
		p.line("var %s %s = %s", name, kind, p.expr(kind, 2))
		p.declare(name, kind, false)
	}
	p.line("_ = %s", name)
}

func (p *programmer) block(n int) {
	size := len(p.scope)
	for range n {
		p.statement()
	}
	p.scope = p.scope[:size]
}

// pick finds something of a kind that is in scope.
func (p *programmer) pick(kind string, toSet bool) (place, bool) {
	var found []place
	for _, x := range p.scope {
		if x.kind == kind && !(toSet && x.fixed) {
			found = append(found, x)
		}
	}
	if len(found) == 0 {
		return place{}, false
	}
	return one(p, found), true
}

func (p *programmer) statement() {
	p.cost += p.factor
	nested := p.depth < 4
	switch p.IntN(14) {
	case 0, 1:
		if nested {
			p.choice()
			return
		}
	case 2:
		if nested && p.loops < 2 {
			p.loop()
			return
		}
	case 3, 4, 5:
		if p.call() {
			return
		}
	case 6:
		if p.loops > 0 && p.IntN(2) == 0 {
			p.line("if %s {\n\t%s\n}", p.expr("bool", 2), one(p, []string{"break", "continue"}))
			return
		}
	case 7:
		if p.IntN(2) == 0 {
			p.line("if %s {", p.expr("bool", 2))
			p.depth++
			p.leave()
			p.depth--
			p.line("}")
			return
		}
	case 8:
		r := one(p, p.records).name
		if to, ok := p.pick(r, true); ok {
			p.line("%s = %s", to.text, p.value(r))
			return
		}
	case 9:
		p.line("global[whole(%s)&63] = %s", p.expr("float64", 2), p.expr("float64", 2))
		return
	case 10:
		if nested {
			p.variable()
			return
		}
	}
	kind := one(p, p.kinds)
	if to, ok := p.pick(kind, true); ok {
		p.line("%s = %s", to.text, p.expr(kind, 3))
	}
}

func (p *programmer) choice() {
	p.line("if %s {", p.expr("bool", 2))
	p.depth++
	p.block(1 + p.IntN(3))
	p.depth--
	if p.IntN(2) == 0 {
		p.line("} else {")
		p.depth++
		p.block(1 + p.IntN(3))
		p.depth--
	}
	p.line("}")
}

func (p *programmer) loop() {
	i, n := p.name(), 1+p.IntN(5)
	p.line("for %s := range %d {", i, n)
	p.depth++
	p.line("output[15] += uint64(%s)", i)
	p.loops++
	p.factor *= n
	p.scope = append(p.scope, place{"int32(" + i + ")", "int32", true}, place{"float64(" + i + ")", "float64", true})
	p.block(1 + p.IntN(4))
	p.scope = p.scope[:len(p.scope)-2]
	p.factor /= n
	p.loops--
	p.depth--
	p.line("}")
}

// leave returns.
func (p *programmer) leave() {
	var values []string
	for _, r := range p.results {
		values = append(values, p.value(r))
	}
	p.line("return %s", strings.Join(values, ", "))
}

// value writes an expression of any type; pointers point to structures in scope.
func (p *programmer) value(kind string) string {
	if record, ok := strings.CutPrefix(kind, "*"); ok {
		if x, ok := p.pick(kind, false); ok && p.IntN(2) == 0 {
			return x.text
		}
		if x, ok := p.pick(record, false); ok {
			return "&" + x.text
		}
		return "&" + record + "{}"
	}
	if kind[0] != 'S' {
		return p.expr(kind, 2)
	}
	if x, ok := p.pick(kind, false); ok {
		return x.text
	}
	return kind + "{}"
}

// call calls one of the functions before this one and keeps some of its results.
func (p *programmer) call() bool {
	var able []signature
	for _, f := range p.funcs[max(0, len(p.funcs)-25):] {
		if p.cost+f.cost*p.factor < 4000 {
			able = append(able, f)
		}
	}
	if len(able) == 0 {
		return false
	}
	f := one(p, able)
	p.cost += f.cost * p.factor
	var args, to []string
	for _, kind := range f.params {
		args = append(args, p.value(kind))
	}
	for _, kind := range f.results {
		x, ok := p.pick(kind, true)
		if !ok || slices.Contains(to, x.text) || p.IntN(5) == 0 {
			x.text = "_"
		}
		to = append(to, x.text)
	}
	call := fmt.Sprintf("%s(%s)", f.name, strings.Join(args, ", "))
	if len(to) > 0 && p.IntN(8) > 0 {
		call = strings.Join(to, ", ") + " = " + call
	}
	p.line("%s", call)
	return true
}
