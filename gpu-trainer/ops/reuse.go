package ops

import (
	"strings"

	"gorgonia.org/gorgonia"
)

// Join gives every weight one use. Where weights enter at several places of the graph (layers that share a matrix),
// the gradient of an example is the sum over the places u, and so its norm has terms between them:
//
//	‖Σ_u G_u‖²,    linear: G_u = Σ_t g_ut x_utᵀ
//
// which is the norm of one use whose tokens are those of all places. A row of a joined use holds the places of a
// token side by side; read as so many shorter rows it is those tokens, so norm, bound and sum hold for it as they
// stand. What depends on the derivatives alone (bias, embed) has them added instead.
//
// Weights that enter in different ways, such as a table that is a matrix elsewhere, are refused by name. Call it
// after gorgonia.Backpropagate.
func (b *Builder) Join(uses []Use) []Use {
	var groups [][]Use
	group := map[string]int{}
	for _, u := range uses {
		key := strings.Join(u.Weights, " ")
		if _, known := group[key]; !known {
			group[key] = len(groups)
			groups = append(groups, nil)
		}
		groups[group[key]] = append(groups[group[key]], u)
	}
	var joined []Use
	entered := map[string]bool{}
	for _, places := range groups {
		for _, name := range places[0].Weights {
			if entered[name] {
				b.fail("weight %s: enters with other weights at one place than at another, so its norm would lack the terms between them", name)
			}
			entered[name] = true
		}
		joined = append(joined, b.join(places))
	}
	return joined
}

// join makes one use of the places at which the same weights enter.
func (b *Builder) join(places []Use) Use {
	u := places[0]
	if len(places) == 1 {
		return u
	}
	for _, other := range places[1:] {
		if other.Kernel != u.Kernel || other.Column != u.Column || other.rows() != u.rows() {
			b.fail("weights %v: enter as %s and as %s of other ids or rows, so their norm would lack the terms between them", u.Weights, u.Kernel, other.Kernel)
			return u
		}
	}
	all := Use{Weights: u.Weights, Kernel: u.Kernel, Column: u.Column, Out: u.Out, Places: places}
	for k := range u.In {
		var inputs gorgonia.Nodes
		for _, place := range places {
			inputs = append(inputs, place.In[k])
		}
		all.In = append(all.In, b.beside(inputs))
	}
	return all
}

// rows tells what the rows of the derivative count.
func (u Use) rows() Rows {
	if u.Prompt != 0 {
		return Examples
	}
	return RowsOf(u.Out[0])
}

// SideBySide is the number of places that a row of the use's inputs and derivative holds.
func (u Use) SideBySide() int {
	if len(u.In) == 0 {
		return 1
	}
	return max(len(u.Places), 1)
}

// together is the derivative of a joined use.
func (u Use) together(b *Builder) *gorgonia.Node {
	var derivatives gorgonia.Nodes
	for _, place := range u.Places {
		derivatives = append(derivatives, place.Derivative(b))
	}
	if u.SideBySide() > 1 {
		return b.beside(derivatives)
	}
	total := derivatives[0]
	for _, g := range derivatives[1:] {
		total = b.Add(total, g)
	}
	return total
}

// beside puts the rows of nodes of one shape next to each other: [rows, width] or [rows] to [rows, nodes·width].
func (b *Builder) beside(nodes gorgonia.Nodes) *gorgonia.Node {
	if b.err != nil {
		return nil
	}
	each := 1
	if nodes[0].Dims() > 1 {
		each = width(nodes[0])
	}
	return b.apply(Op{kernel: "beside", outputs: []Output{b.value(RowsOf(nodes[0]), each*len(nodes))}, overwrites: -1}, nodes...)
}
