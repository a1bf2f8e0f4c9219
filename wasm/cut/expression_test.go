package main

import (
	"fmt"
	"strings"
)

// expr writes an expression of a basic type. Both operands are never constants, which the compiler would compute and refuse
// where they overflow.
func (p *programmer) expr(kind string, depth int) string {
	if depth <= 0 || p.IntN(6) == 0 {
		if p.IntN(4) == 0 {
			return p.constant(kind)
		}
		return p.leaf(kind)
	}
	a := p.expr(kind, depth-1)
	switch b := p.leafOrDeeper(kind, depth-1); {
	case p.IntN(5) == 0:
		return p.convert(kind, depth-1)
	case kind == "bool":
		return p.condition(depth, a, b)
	case strings.HasPrefix(kind, "float"):
		if kind == "float64" && p.IntN(6) == 0 {
			return fmt.Sprintf("math.%s(%s)", one(p, []string{"Abs", "Sqrt", "Floor", "Trunc"}), b)
		}
		return fmt.Sprintf("(%s %s %s)", b, one(p, []string{"+", "-", "*", "/"}), a)
	case p.IntN(7) == 0:
		return fmt.Sprintf("(%s %s uint(%d))", b, one(p, []string{"<<", ">>"}), p.IntN(9))
	case p.IntN(9) == 0:
		return fmt.Sprintf("(%s %s (%s | 1))", b, one(p, []string{"/", "%"}), p.leaf(kind))
	default:
		return fmt.Sprintf("(%s %s %s)", b, one(p, []string{"+", "-", "*", "&", "|", "^", "&^"}), a)
	}
}

// leafOrDeeper is never a constant.
func (p *programmer) leafOrDeeper(kind string, depth int) string {
	if depth > 0 && p.IntN(2) == 0 {
		return p.convert(kind, depth)
	}
	return p.leaf(kind)
}

func (p *programmer) condition(depth int, a, b string) string {
	switch p.IntN(5) {
	case 0:
		return fmt.Sprintf("(%s %s %s)", b, one(p, []string{"&&", "||", "==", "!="}), a)
	case 1:
		return "!" + b
	}
	kind := one(p, kinds[1:])
	return fmt.Sprintf("(%s %s %s)", p.leafOrDeeper(kind, depth-1), one(p, []string{"<", "<=", "==", "!=", ">", ">="}), p.expr(kind, depth-1))
}

// convert makes one type of another.
func (p *programmer) convert(kind string, depth int) string {
	if kind == "bool" {
		return p.condition(depth, "true", p.leaf("bool"))
	}
	from := one(p, kinds[1:])
	if from == kind {
		return p.leaf(kind)
	}
	if strings.HasPrefix(from, "float") && !strings.HasPrefix(kind, "float") {
		return fmt.Sprintf("%s(whole(float64(%s)))", kind, p.leafOrDeeper(from, depth-1))
	}
	return fmt.Sprintf("%s(%s)", kind, p.leafOrDeeper(from, depth-1))
}

// leaf is something that is no constant: a variable, or a number of the input.
func (p *programmer) leaf(kind string) string {
	if x, ok := p.pick(kind, false); ok && p.IntN(8) > 0 {
		return x.text
	}
	in := fmt.Sprintf("input[%d]", p.IntN(16))
	switch {
	case kind == "bool":
		return fmt.Sprintf("(%s > %s)", in, one(p, []string{"0", "1", "-2"}))
	case kind == "float64":
		return one(p, []string{in, in, "tables[whole(" + in + ")&7]", "global[whole(" + in + ")&63]"})
	case kind == "float32":
		return "float32(" + in + ")"
	}
	return kind + "(whole(" + in + "))"
}

func (p *programmer) constant(kind string) string {
	switch kind {
	case "bool":
		return one(p, []string{"true", "false"})
	case "float64", "float32":
		return one(p, []string{"0", "1", "0.5", "-3", "1e10", "0.1", "1e-20"})
	case "uint8":
		return one(p, []string{"0", "1", "255", "128"})
	case "int8":
		return one(p, []string{"0", "1", "-1", "-128", "127"})
	case "uint16", "uint32", "uint64":
		return one(p, []string{"0", "1", "7", "65535", "200"})
	}
	return one(p, []string{"0", "1", "-1", "32767", "-300", "8"})
}

// kernel writes an exported function that calls three others on the input and gives what they return.
func (p *programmer) kernel(i int) {
	p.scope, p.loops, p.factor, p.names = nil, 0, 1, 0
	p.kinds, p.cost = kinds, 0
	p.line("\n//go:wasmexport k%d\n//go:noinline\nfunc k%d() {\n\toutput = [16]uint64{}", i, i)
	p.depth++
	at := 0
	for _, f := range p.funcs[3*i : 3*i+3] {
		var names []string
		for range f.results {
			names = append(names, p.name())
		}
		var args []string
		for _, kind := range f.params {
			if record, ok := strings.CutPrefix(kind, "*"); ok || kind[0] == 'S' {
				name := p.name()
				p.line("var %s %s", name, record)
				for _, field := range p.fields(record) {
					p.line("%s%s = %s", name, field.text, p.leaf(field.kind))
				}
				kind = strings.Repeat("&", len(kind)-len(record)) + name
				args = append(args, kind)
				continue
			}
			args = append(args, p.expr(kind, 2))
		}
		call := fmt.Sprintf("%s(%s)", f.name, strings.Join(args, ", "))
		if len(names) > 0 {
			call = strings.Join(names, ", ") + " := " + call
		}
		p.line("%s", call)
		for k, name := range names {
			p.show(&at, place{text: name, kind: f.results[k]})
		}
		for k, kind := range f.params {
			if kind[0] == '*' {
				p.show(&at, place{text: strings.TrimPrefix(args[k], "&"), kind: kind[1:]})
			}
		}
	}
	p.depth--
	p.line("}")
}

// show adds a value to the output.
func (p *programmer) show(at *int, x place) {
	*at = (*at + 1) % 15
	switch {
	case x.kind[0] == 'S':
		for _, f := range p.fields(x.kind) {
			p.show(at, place{text: x.text + f.text, kind: f.kind})
		}
	case x.kind == "bool":
		p.line("truth(%d, %s)", *at, x.text)
	default:
		p.line("emit(%d, float64(%s))", *at, x.text)
	}
}
