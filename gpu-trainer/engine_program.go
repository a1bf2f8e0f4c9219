package trainer

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu"
	"github.com/ewtune/ewtune/gpu-trainer/model"
	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/gorgonia"
	"gorgonia.org/tensor"
)

// programKind names the programs that an engine compiles when they are first needed.
type programKind int

const (
	forward  programKind = iota // logits and hidden states
	plain                       // gradient of the summed loss
	flat                        // clipped sums, one norm over everything
	perLayer                    // clipped sums, one norm a layer
	prefix                      // what the frozen prefix yields
)

// A programKey tells programs apart: those of a suffix are given what the frozen prefix yields.
type programKey struct {
	kind   programKind
	suffix bool
}

// A program is a compiled graph with the nodes that are read after a run.
type program struct {
	*machine.Program
	network *model.Network
	squares gorgonia.Nodes // squared norms, one node a group
	factor  *gorgonia.Node // value i: the factors of group i
}

// program compiles a program once.
func (c *core[T]) program(key programKey) (*program, error) {
	if p := c.programs[key]; p != nil {
		return p, nil
	}
	b := ops.NewBuilder(c.capacity(), cpu.FloatType[T]())
	network, err := c.build(b, key)
	if err != nil {
		return nil, err
	}
	p, err := c.compile(key.kind, b, network)
	if err == nil {
		c.programs[key] = p
	}
	return p, err
}

// compile extends the graph of a network by what a kind of program does.
func (c *core[T]) compile(kind programKind, b *ops.Builder, network *model.Network) (p *program, err error) {
	p = &program{network: network}
	spec := machine.Spec{Capacity: c.capacity(), Bindings: map[*gorgonia.Node]machine.Buffer{}}
	if err := c.extend(p, b, kind, &spec); err != nil {
		return nil, err
	}
	for name, node := range network.Weights {
		if spec.Bindings[node], err = c.bound(weightTensor, name, func() machine.Buffer { return c.weights[name].data }); err != nil {
			return nil, err
		}
	}
	if p.Program, err = machine.Compile(c.runner(), spec); err != nil {
		return nil, err
	}
	return p, nil
}

func (c *core[T]) build(b *ops.Builder, key programKey) (*model.Network, error) {
	if key.suffix {
		return model.BuildSuffix(b, c.base.Config, c.method)
	}
	return model.Build(b, c.base.Config, c.method, key.kind != forward && key.kind != prefix && c.options.Dropout)
}

// bound is the buffer that a graph reads or updates: the host's, or the device's of that kind and name.
func (c *core[T]) bound(kind tensorKind, name string, host func() machine.Buffer) (machine.Buffer, error) {
	if c.resident != nil {
		return c.resident.tensor(kind, name)
	}
	return host(), nil
}

// gradientRoom is where a weight's plain gradient accumulates.
func (w *weight[T]) gradientRoom() machine.Buffer {
	if w.gradient == nil {
		w.gradient = &cpu.Slice[T]{Data: make([]T, w.Size)}
	}
	return w.gradient
}

func (c *core[T]) capacity() ops.Capacity {
	n := c.options.MaxTokens
	if c.method.Kind == model.Prompt {
		n *= 1 + c.method.Rank
	}
	return ops.Capacity{Tokens: n, Examples: n, Pairs: n * min(n, c.base.Config.MaxTokens())}
}

// extend adds what a kind of program does beyond the forward pass.
func (c *core[T]) extend(p *program, b *ops.Builder, kind programKind, spec *machine.Spec) error {
	switch {
	case kind == prefix:
		spec.Fetch = gorgonia.Nodes{p.network.Frozen}
		return nil
	case kind == forward:
		spec.Fetch = gorgonia.Nodes{p.network.Logits}
		for _, hidden := range p.network.Hidden {
			if hidden != nil {
				spec.Fetch = append(spec.Fetch, hidden)
			}
		}
		return nil
	}
	spec.Fetch = gorgonia.Nodes{p.network.Loss, p.network.Logits}
	if err := p.network.Backward(b); err != nil {
		return err
	}
	var err error
	if kind == plain {
		err = c.addGradients(p, b, spec)
	} else {
		err = c.addSums(p, b, kind == perLayer, spec)
	}
	return errors.Join(err, b.Err())
}

// addGradients accumulates the plain gradient of every use, last layer first, as the backward pass reaches them.
func (c *core[T]) addGradients(p *program, b *ops.Builder, spec *machine.Spec) error {
	uses, err := c.uses(p, b)
	if err != nil {
		return err
	}
	for _, u := range uses {
		g := u.Derivative(b)
		for slot, name := range u.Weights {
			w := c.weights[name]
			total := b.Input("gradient/"+name, b.Float(), w.Shape...)
			if spec.Bindings[total], err = c.bound(gradientTensor, name, w.gradientRoom); err != nil {
				return err
			}
			spec.Update = append(spec.Update, b.Gradient(total, u, slot, g))
		}
	}
	return nil
}

// addSums chains the norms of every group, last layer first, turns them into factors, and accumulates the clipped
// sums. On the host, gradients that are small stay from norm to sum: what they were formed from is then free earlier
// and read once.
func (c *core[T]) addSums(p *program, b *ops.Builder, layered bool, spec *machine.Spec) error {
	uses, err := c.uses(p, b)
	if err != nil {
		return err
	}
	groups, of := groupUses(uses, layered)
	derivatives, kept := make(gorgonia.Nodes, len(uses)), make(gorgonia.Nodes, len(uses))
	p.squares = make(gorgonia.Nodes, groups)
	for i := range p.squares {
		p.squares[i] = b.Zeros()
	}
	for i, u := range uses {
		derivatives[i] = u.Derivative(b)
	}
	done := make([]bool, len(uses))
	for i, u := range uses {
		squares := &p.squares[of[i]]
		switch sharers := c.sharers(uses, of, i); {
		case done[i]:
		case c.resident == nil && u.Small():
			kept[i] = b.Keep(*squares, u, derivatives[i])
			*squares = kept[i]
		case len(sharers) > 1:
			var gs gorgonia.Nodes
			for _, j := range sharers {
				gs, done[j] = append(gs, derivatives[j]), true
			}
			*squares = b.Norms(*squares, uses[i:], gs)
		default:
			*squares = b.Norm(*squares, u, derivatives[i])
		}
	}
	p.factor = b.Clip(p.squares...)
	factors := make(gorgonia.Nodes, groups)
	for i := range factors {
		factors[i] = b.Part(p.factor, i)
	}
	spec.Fetch = append(append(spec.Fetch, p.squares...), factors...)
	for i, u := range uses {
		for slot, name := range u.Weights {
			w := c.weights[name]
			sum := b.Input("sum/"+name, tensor.Int64, w.Shape...)
			if spec.Bindings[sum], err = c.bound(sumTensor, name, func() machine.Buffer { return c.sums.buffer(w.Parameter, u.Kernel == "embed") }); err != nil {
				return err
			}
			if kept[i] != nil {
				spec.Update = append(spec.Update, b.KeptSum(sum, kept[i], slot, factors[of[i]]))
			} else {
				spec.Update = append(spec.Update, b.Sum(sum, u, slot, derivatives[i], factors[of[i]]))
			}
		}
	}
	return nil
}

// sharers lists use i and those after it whose norms are formed with its own, on the host: of one group, with one
// input.
func (c *core[T]) sharers(uses []ops.Use, of []int, i int) []int {
	var list []int
	for j := i; j < len(uses) && c.resident == nil; j++ {
		if of[j] == of[i] && !uses[j].Small() && uses[i].Shares(uses[j]) {
			list = append(list, j)
		}
	}
	return list
}

// uses are those of a network, last layer first, one for each weight.
func (c *core[T]) uses(p *program, b *ops.Builder) ([]ops.Use, error) {
	reversed := slices.Clone(p.network.Uses)
	slices.Reverse(reversed)
	uses := b.Join(reversed)
	for _, u := range uses {
		if n := u.SideBySide(); n > 1 && c.resident != nil {
			return nil, fmt.Errorf("weight %s: stands at %d places of the graph, which device %s does not handle; train on the cpu", u.Weights[0], n, c.options.Device)
		}
	}
	return uses, b.Err()
}

// groupUses numbers the clipping groups and tells the group of each use: one for all, or one a layer, embeddings and
// head being layers of their own.
func groupUses(uses []ops.Use, layered bool) (groups int, of []int) {
	numbers := map[string]int{}
	for _, u := range uses {
		key := ""
		if layered {
			key = layerOf(u.Weights[0])
		}
		if _, ok := numbers[key]; !ok {
			numbers[key] = len(numbers)
		}
		of = append(of, numbers[key])
	}
	return len(numbers), of
}

// layerOf is the number in "...layer.N...", "embeddings" or "head".
func layerOf(name string) string {
	_, rest, ok := strings.Cut(name, "layer.")
	number, _, _ := strings.Cut(rest, ".")
	if _, err := strconv.Atoi(number); ok && err == nil {
		return number
	}
	if strings.Contains(name, "embeddings") {
		return "embeddings"
	}
	return "head"
}
