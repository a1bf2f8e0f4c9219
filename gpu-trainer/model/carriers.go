package model

import (
	"fmt"

	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/gorgonia"
)

// rgpHeadDivisor divides the gradients of the head before norm and clipping; it is never undone (Yu et al.'s code).
const rgpHeadDivisor = 10

// A Carrier is a pair L [out, rank], R [rank, in] that stands in for one matrix, or for several that read the same
// input and are stacked by rows. RGP releases the gradients of L and R; those of the matrices are rebuilt from them.
type Carrier struct {
	Key      string   // layer.N.in_proj, out_proj, fc1 or fc2
	Matrices []string // the weights, stacked in this order
	Pieces   []string // names of L's rows, one for each matrix
	Out      []int    // rows of each piece
	In       int
}

// Right is the name of R.
func (c Carrier) Right() string { return c.Key + ".R" }

// Left is the name of the whole of L.
func (c Carrier) Left() string { return c.Key + ".L" }

// Carriers lists the carriers of a method, in the order in which they are released; none unless the method is RGP.
func (c Config) Carriers(m Method) []Carrier {
	if m.Kind != RGP {
		return nil
	}
	var list []Carrier
	h, f := c.HiddenSize, c.IntermediateSize
	for i := m.firstLayer(c); i < c.Layers; i++ {
		at := func(module string) string { return c.layer(i, module+".weight") }
		key := func(name string) string { return c.carrierKey(i, name) }
		list = append(list,
			Carrier{Key: key("in_proj"), In: h, Out: []int{h, h, h},
				Matrices: []string{at("attention.self.query"), at("attention.self.key"), at("attention.self.value")},
				Pieces:   []string{key("in_proj.L.query"), key("in_proj.L.key"), key("in_proj.L.value")}},
			single(key("out_proj"), at("attention.output.dense"), h, h),
			single(key("fc1"), at("intermediate.dense"), f, h),
			single(key("fc2"), at("output.dense"), h, f))
	}
	return list
}

func single(key, matrix string, out, in int) Carrier {
	return Carrier{Key: key, Matrices: []string{matrix}, Pieces: []string{key + ".L"}, Out: []int{out}, In: in}
}

func (c Config) carrierKey(i int, name string) string { return fmt.Sprintf("layer.%d.%s", i, name) }

// carrierSpecs lists the graph inputs that carriers are: the pieces of L, and R.
func (c Config) carrierSpecs(m Method) []Spec {
	var specs []Spec
	for _, k := range c.Carriers(m) {
		for j, piece := range k.Pieces {
			specs = append(specs, Spec{Name: piece, Shape: []int{k.Out[j], m.Rank}})
		}
		specs = append(specs, Spec{Name: k.Right(), Shape: []int{m.Rank, k.In}})
	}
	return specs
}

// carry records the carriers of the matrices that take x to outs. With g the derivative of an output,
//
//	dL = Σ_t g_t (R x_t)ᵀ,   dR = Σ_t (Lᵀ g_t) x_tᵀ summed over the outputs,
//
// so the value of the forward pass needs no carriers and the matrices' own gradients are never formed.
func (n *network) carry(key string, x *gorgonia.Node, outs ...*gorgonia.Node) {
	if n.method.Kind != RGP {
		return
	}
	for _, k := range n.config.Carriers(n.method) {
		if k.Key != key {
			continue
		}
		low := n.Linear(x, n.weight(k.Right()), nil)
		var left gorgonia.Nodes
		for j, out := range outs {
			left = append(left, n.weight(k.Pieces[j]))
			n.Uses = append(n.Uses, ops.Use{Kernel: "linear", Weights: []string{k.Pieces[j]}, In: gorgonia.Nodes{low}, Out: gorgonia.Nodes{out}})
		}
		n.Uses = append(n.Uses, ops.Use{Kernel: "linear", Weights: []string{k.Right()}, In: gorgonia.Nodes{x}, Out: outs, Through: left})
	}
}
