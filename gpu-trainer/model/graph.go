package model

import (
	"fmt"

	"github.com/ewtune/ewtune/gpu-trainer/ops"
	"gorgonia.org/gorgonia"
)

// A Network is the graph of a model's loss under one method.
type Network struct {
	Weights map[string]*gorgonia.Node // the graph's inputs, by name; only those that are used
	Hidden  gorgonia.Nodes            // after the embeddings and after each layer, [tokens, hidden]; nil for those before a suffix
	Frozen  *gorgonia.Node            // what the frozen prefix yields (see Config.Boundary); nil if there is none
	Pooled  *gorgonia.Node            // what the classifier reads, [examples, hidden]
	Logits  *gorgonia.Node            // [examples, labels]
	Loss    *gorgonia.Node            // [examples]
	Uses    []ops.Use                 // where trained weights enter, in the order of the forward pass
}

// Build adds the model's loss to a graph. dropout turns on the configuration's hidden dropout: behind the embeddings,
// on both branches of each layer, and in the head. Attention probabilities are never dropped.
func Build(b *ops.Builder, c Config, m Method, dropout bool) (*Network, error) {
	n := &network{}
	if dropout {
		n.rate = c.HiddenDropout
	}
	return n.build(b, c, m)
}

// BuildSuffix is Build for what stands behind the frozen prefix: the run brings the prefix's values
// (machine.Feed.Activations), those of Network.Frozen. There is no dropout.
func BuildSuffix(b *ops.Builder, c Config, m Method) (*Network, error) {
	if _, ok := c.Boundary(m); !ok {
		return nil, fmt.Errorf("method %s: has no frozen prefix", m.WithDefaults().Kind)
	}
	return (&network{suffix: true}).build(b, c, m)
}

func (n *network) build(b *ops.Builder, c Config, m Method) (*Network, error) {
	m = m.WithDefaults()
	if err := m.Validate(c); err != nil {
		return nil, err
	}
	n.Builder, n.Network, n.config, n.method, n.shapes = b, &Network{Weights: map[string]*gorgonia.Node{}}, c, m, map[string][]int{}
	n.boundary, _ = c.Boundary(m)
	for _, s := range append(c.Parameters(m), c.carrierSpecs(m)...) {
		n.shapes[s.Name] = s.Shape
	}
	n.head(n.encoder())
	return n.Network, b.Err()
}

// network is a Network while it is built.
type network struct {
	*ops.Builder
	*Network
	config   Config
	method   Method
	boundary Boundary
	suffix   bool // what stands before the boundary is given
	shapes   map[string][]int
	rate     float64 // of dropout
	sites    uint64  // dropout masks so far
}

// weight is the graph input of a weight.
func (n *network) weight(name string) *gorgonia.Node {
	w := n.Weights[name]
	if w == nil {
		w = n.Input(name, n.Float(), n.shapes[name]...)
		n.Weights[name] = w
	}
	return w
}

// use records that weights enter at out, if the method forms their gradients. RGP divides those of the head.
func (n *network) use(u ops.Use) {
	for _, name := range u.Weights {
		if !n.method.releases(n.config, name) {
			return
		}
	}
	if n.method.Kind == RGP {
		u.Divide = rgpHeadDivisor
	}
	n.Uses = append(n.Uses, u)
}

// drop is dropout at the hidden rate; each call has masks of its own.
func (n *network) drop(x *gorgonia.Node) *gorgonia.Node {
	n.sites++
	return n.Dropout(x, n.rate, n.sites)
}

// matrix is x Wᵀ without a bias.
func (n *network) matrix(x *gorgonia.Node, name string) *gorgonia.Node {
	y := n.Linear(x, n.weight(name), nil)
	n.use(ops.Use{Kernel: "linear", Weights: []string{name}, In: gorgonia.Nodes{x}, Out: gorgonia.Nodes{y}})
	return y
}

// linear is a dense module, with its low-rank pair where the method adds one.
func (n *network) linear(x *gorgonia.Node, module string) *gorgonia.Node {
	y := n.Linear(x, n.weight(module+".weight"), n.weight(module+".bias"))
	n.use(ops.Use{Kernel: "linear", Weights: []string{module + ".weight"}, In: gorgonia.Nodes{x}, Out: gorgonia.Nodes{y}})
	n.use(ops.Use{Kernel: "bias", Weights: []string{module + ".bias"}, Out: gorgonia.Nodes{y}})
	if n.method.targets(n.config, module) {
		return n.pair(x, y, module)
	}
	return y
}

// pair is y + (alpha/rank) (x Aᵀ) Bᵀ. The factor stands on x Aᵀ, so both gradients have it by themselves.
func (n *network) pair(x, y *gorgonia.Node, module string) *gorgonia.Node {
	low := n.Scale(n.matrix(x, module+".lora_A.weight"), n.method.Alpha/float64(n.method.Rank))
	name := module + ".lora_B.weight"
	sum := n.LinearAdd(y, low, n.weight(name))
	n.use(ops.Use{Kernel: "linear", Weights: []string{name}, In: gorgonia.Nodes{low}, Out: gorgonia.Nodes{sum}})
	return sum
}

func (n *network) norm(x *gorgonia.Node, module string) *gorgonia.Node {
	scale, shift := module+".weight", module+".bias"
	y := n.LayerNorm(x, n.weight(scale), n.weight(shift), n.config.LayerNormEps)
	if n.method.Trains(n.config, scale) {
		n.use(ops.Use{Kernel: "layernorm", Weights: []string{scale, shift}, In: gorgonia.Nodes{x, n.Part(y, 1), n.Part(y, 2)}, Out: gorgonia.Nodes{y}})
	} else {
		n.use(ops.Use{Kernel: "bias", Weights: []string{shift}, Out: gorgonia.Nodes{y}})
	}
	return y
}

// encoder is nil where a suffix begins behind it.
func (n *network) encoder() (x *gorgonia.Node) {
	first := 0
	if n.suffix {
		n.Hidden = make(gorgonia.Nodes, n.boundary.Layers+1)
		if n.boundary.Pooled() {
			return nil
		}
		first, x = n.boundary.Layers, n.Activations(ops.Tokens, n.config.HiddenSize)
		n.Hidden[first] = x
	} else {
		x = n.embeddings()
	}
	for i := first; i < n.config.Layers; i++ {
		if i == n.boundary.Layers {
			n.Frozen = x
		}
		x = n.layer(x, i)
		n.Hidden = append(n.Hidden, x)
	}
	return x
}

func (n *network) embeddings() *gorgonia.Node {
	x := n.embed(nil, "word_embeddings.weight", ops.InputIDs)
	x = n.embed(x, "position_embeddings.weight", ops.PositionIDs)
	x = n.embed(x, "token_type_embeddings.weight", ops.TokenTypeIDs)
	x = n.prompt(x)
	x = n.norm(x, n.config.embedding("LayerNorm"))
	n.Hidden = append(n.Hidden, x)
	return n.drop(x)
}

func (n *network) embed(x *gorgonia.Node, table string, ids ops.Column) *gorgonia.Node {
	name := n.config.embedding(table)
	y := n.Embed(x, n.weight(name), ids)
	n.use(ops.Use{Kernel: "embed", Weights: []string{name}, Column: ids, Out: gorgonia.Nodes{y}})
	return y
}

// prompt adds the trained vectors to the tokens that Batch.WithPrompt put behind the first, where the method is Prompt.
func (n *network) prompt(x *gorgonia.Node) *gorgonia.Node {
	if n.method.Kind != Prompt {
		return x
	}
	name := n.config.prompt()
	y := n.Prompt(x, n.weight(name))
	n.use(ops.Use{Kernel: "bias", Weights: []string{name}, Out: gorgonia.Nodes{y}, Prompt: n.method.Rank})
	return y
}

// layer is one post-norm block: x = LN(x + Dense(attention)), x = LN(x + W₂ gelu(W₁ x)).
func (n *network) layer(x *gorgonia.Node, i int) *gorgonia.Node {
	at := func(module string) string { return n.config.layer(i, module) }
	q := n.linear(x, at("attention.self.query"))
	k := n.linear(x, at("attention.self.key"))
	v := n.linear(x, at("attention.self.value"))
	n.carry(n.config.carrierKey(i, "in_proj"), x, q, k, v)
	context := n.Attention(q, k, v, n.config.Heads)
	x = n.residual(x, context, at("attention.output"), n.config.carrierKey(i, "out_proj"))
	inner := n.linear(x, at("intermediate.dense"))
	n.carry(n.config.carrierKey(i, "fc1"), x, inner)
	return n.residual(x, n.GELU(inner), at("output"), n.config.carrierKey(i, "fc2"))
}

// residual is LN(x + adapter(dropout(dense(y)))).
func (n *network) residual(x, y *gorgonia.Node, module, carrier string) *gorgonia.Node {
	dense := n.linear(y, module+".dense")
	n.carry(carrier, y, dense)
	y = n.adapter(n.drop(dense), module+".dense")
	return n.norm(n.Add(y, x), module+".LayerNorm")
}

// adapter is y + up(gelu(down(y))), where the method has adapters.
func (n *network) adapter(y *gorgonia.Node, module string) *gorgonia.Node {
	if n.method.Kind != Adapter || n.method.frozen(n.config, module) {
		return y
	}
	inner := n.GELU(n.linear(y, module+".adapter_down"))
	return n.Add(n.linear(inner, module+".adapter_up"), y)
}

// head pools and classifies: classifier(tanh(pooler(h))) for BERT, out_proj(tanh(dense(h))) for RoBERTa; a linear
// head leaves the inner layer out.
func (n *network) head(x *gorgonia.Node) {
	x = n.frozen(x, BoundaryPooled, n.pool)
	dense, out := "classifier.dense", "classifier.out_proj"
	if n.config.ModelType == BERT {
		dense, out = "bert.pooler.dense", "classifier"
	} else {
		x = n.drop(x)
	}
	if !n.method.LinearHead {
		x = n.frozen(x, BoundaryPooler, func(x *gorgonia.Node) *gorgonia.Node { return n.Tanh(n.linear(x, dense)) })
		x = n.drop(x)
	}
	n.Pooled = x
	n.Logits = n.linear(n.Pooled, out)
	n.Loss = n.CrossEntropy(n.Logits)
}

func (n *network) pool(x *gorgonia.Node) *gorgonia.Node {
	if n.config.Pooling == PoolMean {
		return n.PoolMean(x)
	}
	return n.PoolFirst(x)
}

// frozen is a step of the head that may end the frozen prefix: a suffix is given what it yields, and skips what comes
// before.
func (n *network) frozen(x *gorgonia.Node, name string, step func(x *gorgonia.Node) *gorgonia.Node) *gorgonia.Node {
	here := n.boundary.Name == name
	switch {
	case here && n.suffix:
		return n.Activations(ops.Examples, n.config.HiddenSize)
	case x == nil: // the boundary lies further on
		return nil
	}
	x = step(x)
	if here {
		n.Frozen = x
	}
	return x
}

// Backward adds the gradients of every use to the graph: afterwards Use.Derivative gives them.
func (n *Network) Backward(b *ops.Builder) error {
	var taps gorgonia.Nodes
	seen := map[*gorgonia.Node]bool{}
	for _, u := range n.Uses {
		for _, out := range u.Out {
			if !seen[out] {
				seen[out] = true
				taps = append(taps, out)
			}
		}
	}
	if len(taps) == 0 {
		return fmt.Errorf("method: trains no weight")
	}
	seed := b.Part(n.Loss, 1)
	if err := b.Err(); err != nil {
		return err
	}
	_, err := gorgonia.Backpropagate(gorgonia.Nodes{n.Logits}, gorgonia.Nodes{seed}, taps)
	return err
}
