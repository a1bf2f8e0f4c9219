package trainer

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// prefixSchema is the version of a stored prefix. It changes with the format, and with any change of the kernels that
// changes a bit of what a prefix yields.
const prefixSchema = "ewtune.prefix/v1"

// prefixIdentity is all that the values of a frozen prefix depend on. Two runs with one identity have the same values
// to the bit, whatever their seeds, budgets, noise and trained weights; where anything here differs, the stored
// values are not used.
type prefixIdentity struct {
	Schema     string `json:"schema"`
	Data       string `json:"data"`       // Source.Hash: through it text, tokenizer and longest row
	Weights    string `json:"weights"`    // SHA-256 of the configuration and of the weights before the boundary
	Boundary   string `json:"boundary"`   // model.Boundary.Name
	Precision  string `json:"precision"`  // float32 or bfloat16
	Arithmetic string `json:"arithmetic"` // kernels.Pool.Unit
}

func (p prefixIdentity) hash() string {
	text, _ := json.Marshal(p) // strings
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// storedPrefix is what a frozen prefix yields for every row of a source, on disk, with the rows' lengths and labels
// in memory. It stands in for the source: nothing else of a row is needed behind the boundary.
type storedPrefix struct {
	boundary model.Boundary
	hidden   int
	reader   *prefixReader
}

// openPrefix opens the stored values of a frozen prefix, or computes and stores them first: one forward pass over the
// source.
func openPrefix(ctx context.Context, s Source, m *model.Model, method model.Method, e *Engine, o EngineOptions) (*storedPrefix, error) {
	boundary, err := cachedBoundary(m.Config, method, o)
	if err != nil {
		return nil, err
	}
	p := &storedPrefix{boundary: boundary, hidden: m.Config.HiddenSize}
	identity := prefixIdentity{Schema: prefixSchema, Data: s.Hash(), Weights: hashPrefix(m, boundary), Boundary: boundary.Name,
		Precision: o.Precision, Arithmetic: e.core.unit()}
	if identity.Precision == "" {
		identity.Precision = "float32"
	}
	folder := filepath.Join(o.Cache, "prefix-"+identity.hash()[:32])
	if p.reader, err = openPrefixReader(folder, identity); err == nil {
		return p, nil
	}
	if errors.Is(err, errPrefixDamaged) {
		err = os.RemoveAll(folder)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	if err := p.build(ctx, s, m.Config, e, o.MaxTokens, folder, identity); err != nil {
		return nil, fmt.Errorf("cache %s: %w", o.Cache, err)
	}
	p.reader, err = openPrefixReader(folder, identity)
	return p, err
}

// cachedBoundary is where the prefix to be stored ends, or why there is none.
func cachedBoundary(c model.Config, method model.Method, o EngineOptions) (model.Boundary, error) {
	boundary, ok := c.Boundary(method)
	switch {
	case !ok:
		return boundary, fmt.Errorf("cache: method %s freezes no layers; train only the last ones (train layers) or the head", method.WithDefaults().Kind)
	case o.Dropout && c.HiddenDropout > 0:
		return boundary, fmt.Errorf("cache: dropout %v changes what the frozen layers yield from step to step; train without it", c.HiddenDropout)
	case o.Precision == "float64":
		return boundary, fmt.Errorf("cache: precision float64: must be float32 or %s", BFloat16)
	case o.Device != "" && o.Device != "cpu":
		return boundary, fmt.Errorf("cache: device %s: must be cpu", o.Device)
	}
	return boundary, nil
}

// hashPrefix identifies what a prefix computes. Labels are no part of it.
func hashPrefix(m *model.Model, b model.Boundary) string {
	before := &model.Model{Config: m.Config, Tensors: m.Prefix(b)}
	before.Config.NumLabels, before.Config.LabelNames, before.Config.Architectures = 0, nil, nil
	return HashModel(before)
}

// batches packs the given rows as pack does: examples by length, ties by position, at most capacity tokens. A batch
// holds until the next one is asked for.
func (p *storedPrefix) batches(rows []int64, capacity int) iter.Seq2[*model.Batch, error] {
	lengths := make([]int32, len(rows))
	for i, row := range rows {
		lengths[i] = p.reader.lengths[row]
	}
	order := byLength(lengths)
	if p.boundary.Pooled() {
		for i := range lengths {
			lengths[i] = 1
		}
	}
	return func(yield func(*model.Batch, error) bool) {
		var batch model.Batch
		var values []float32
		for len(order) > 0 {
			n, tokens := fitting(order, lengths, capacity)
			if need := tokens * p.hidden; cap(values) < need {
				values = make([]float32, need)
			}
			batch.Reset()
			batch.Activations = values[:tokens*p.hidden]
			err := p.fill(&batch, rows, order[:n], lengths)
			if !yield(&batch, err) || err != nil {
				return
			}
			order = order[n:]
		}
	}
}

// fill reads the chosen rows into a batch with room for them.
func (p *storedPrefix) fill(b *model.Batch, rows []int64, chosen []int, lengths []int32) error {
	b.Offsets = append(b.Offsets, 0)
	at := 0
	for _, i := range chosen {
		n := int(lengths[i])
		if err := p.reader.read(rows[i], b.Activations[at*p.hidden:(at+n)*p.hidden]); err != nil {
			return err
		}
		at += n
		b.Offsets = append(b.Offsets, int32(at))
		b.Labels = append(b.Labels, p.reader.labels[rows[i]])
		b.RowIDs = append(b.RowIDs, rows[i])
	}
	return nil
}

func (p *storedPrefix) close() error {
	if p == nil {
		return nil
	}
	return p.reader.close()
}
