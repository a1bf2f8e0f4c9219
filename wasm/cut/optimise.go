package main

import (
	"fmt"
	"slices"
)

// optimise rewrites the kept functions of the ordinary convention.
func (c *cutter) optimise() error {
	if err := c.rewrite(nil); err != nil {
		return err
	}
	return c.rewrite(c.reaches())
}

// rewrite decodes all functions and makes them shorter.
func (c *cutter) rewrite(reach map[*function]map[int64]int64) error {
	for _, f := range c.order {
		if !f.ordinary() {
			continue
		}
		g, err := c.graph(f)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		f.graph, f.params, f.results, f.inlined = g, nil, nil, false
		g.reach = reach[f]
		g.survey()
	}
	if err := c.agree(); err != nil {
		return err
	}
	for _, f := range c.order {
		if f.ordinary() {
			f.graph.promote()
		}
	}
	if err := c.conventions(); err != nil {
		return err
	}
	list := c.bottomUp()
	for _, f := range list {
		f.graph.webs()
	}
	for _, f := range list {
		if err := f.graph.types(); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	for _, f := range list {
		if err := f.graph.lower(); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	c.inline(c.exported)
	list = c.bottomUp()
	for _, f := range list {
		f.graph.shorten()
	}
	c.nonNil()
	c.narrow()
	c.truths()
	for _, f := range list {
		f.graph.shorten()
	}
	return nil
}

// body is the code of one kept function.
func (c *cutter) body(f *function) (*body, error) {
	if !f.ordinary() {
		return decode(f)
	}
	locals, code, err := c.emit(f.graph)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.name, err)
	}
	return &body{locals: locals, code: code, root: &instr{op: opBlock}}, nil
}

// bottomUp lists the ordinary functions, those that are called before those that call.
func (c *cutter) bottomUp() (list []*function) {
	seen := map[*function]bool{}
	var visit func(f *function)
	visit = func(f *function) {
		if seen[f] || !f.ordinary() {
			return
		}
		seen[f] = true
		for _, s := range f.spots {
			if callee := c.funcs[s.callee]; s.kind == spotCall && callee != nil {
				visit(callee)
			}
		}
		list = append(list, f)
	}
	for _, f := range c.order {
		visit(f)
	}
	return slices.DeleteFunc(list, func(f *function) bool { return f.inlined })
}

// shorten repeats what makes one function shorter until nothing changes.
func (g *graph) shorten() {
	for range 20 {
		g.simplify()
		changed := g.dropUnread()
		changed = g.coalesce() || changed
		changed = g.sink() || changed
		g.tidy()
		if !changed {
			break
		}
		g.webs()
	}
}

// shortSignature is a function's type in the small module.
func (f *function) shortSignature() []byte {
	if !f.ordinary() {
		return f.signature
	}
	out := appendUleb([]byte{typeFunc}, len(f.graph.params))
	for _, v := range f.graph.params {
		out = append(out, v.typ)
	}
	return append(appendUleb(out, len(f.graph.resultTypes)), f.graph.resultTypes...)
}
