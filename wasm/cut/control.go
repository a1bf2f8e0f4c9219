package main

// control reads jumps and blocks. The one loop that the compiler writes is the way to the table of resume points; the loops
// of the program show only as edges.
func (r *treeReader) control(x *instr) error {
	if len(r.stack) > 0 && x.op != opBrIf && x.op != opIf && x.op != opBrTable {
		return errShape
	}
	switch x.op {
	case opBrTable:
		if n := r.pop(); n.op != opLocalGet || n.v != nil || len(r.stack) > 0 {
			return errShape
		}
		r.jump(r.place(x.labels[0]))
	case opEnd:
		r.end(x.open)
	case opElse:
		r.jump(r.place(x.open))
		r.at = r.elses[x.open]
		delete(r.elses, x.open)
	case opBr, opBrIf:
		if err := r.branchTo(x); err != nil {
			return err
		}
	case opIf:
		then, other := &basic{}, &basic{}
		r.branch(then, other)
		r.at, r.elses[x] = then, other
	case opReturn:
		r.at.kind, r.at = termReturn, nil
	case opUnreachable:
		r.at.kind, r.at = termTrap, nil
	}
	if len(r.stack) > 0 {
		return errShape
	}
	return nil
}

// branchTo reads br and br_if.
func (r *treeReader) branchTo(x *instr) error {
	to, err := r.target(x.label)
	if err != nil {
		return err
	}
	if x.op == opBr {
		r.jump(to)
		return nil
	}
	on := &basic{}
	r.branch(to, on)
	r.at = on
	return nil
}

// jump ends the block with a jump, if something comes there.
func (r *treeReader) jump(to *basic) {
	if r.at != nil {
		r.at.kind, r.at.next = termJump, []*basic{to}
	}
	r.at = nil
}

// branch ends the block with a choice.
func (r *treeReader) branch(yes, no *basic) {
	r.at.kind, r.at.cond, r.at.next = termCond, r.pop(), []*basic{yes, no}
}

// target returns where a branch to a label leads.
func (r *treeReader) target(label *instr) (*basic, error) {
	if label.op == opLoop {
		if r.resume < 0 || r.table == nil {
			return nil, errShape
		}
		label = r.table.labels[min(int(r.resume), len(r.table.labels)-1)]
		r.resume = -1
	}
	return r.place(label), nil
}

func (r *treeReader) place(label *instr) *basic {
	if r.targets[label] == nil {
		r.targets[label] = &basic{}
	}
	return r.targets[label]
}

// end reads the end of a block, loop or if.
func (r *treeReader) end(open *instr) {
	if other := r.elses[open]; other != nil { // an if without else
		other.kind, other.next = termJump, []*basic{r.place(open)}
	}
	if after := r.targets[open]; after != nil {
		r.jump(after)
		r.at = after
	}
}
