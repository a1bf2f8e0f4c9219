package pipeline

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/apache/arrow/go/v15/arrow/memory"

	"github.com/ewtune/ewtune/datasets"
	"github.com/ewtune/ewtune/pipeline/tokenizer"
)

// Sizes of a prepared split. A batch is what a random access decodes; a shard is what a resumed run keeps.
const (
	DefaultMaxLength = 128
	DefaultShardRows = 1 << 16
	batchRows        = 1 << 10
)

// PrepareOptions says which split to tokenize into which folder.
type PrepareOptions struct {
	Source        datasets.OpenOptions
	Tokenizer     string // folder or file; see tokenizer.Load
	Out           string // folder of this one split; a run that was cut off there is continued
	MaxLength     int    // tokens a row keeps, special tokens included; 0 is DefaultMaxLength
	ShardRows     int    // multiple of 1024; 0 is DefaultShardRows
	Compression   string // "none" (the default) or "zstd"
	SkipMalformed bool   // leave malformed rows out and count them, instead of stopping
	Workers       int    // tokenizing goroutines, 0 is one a processor; does not change the result
	Progress      func(rows int64)
}

// Prepare tokenizes one split into Arrow shards with a manifest. It needs the same memory for any number of rows. If a
// run was cut off, the same call keeps the finished shards and makes the others; a folder that is already prepared, or
// was begun with other options, is an error.
func Prepare(ctx context.Context, o PrepareOptions) (*Manifest, error) {
	return prepare(ctx, o, memory.DefaultAllocator)
}

func prepare(ctx context.Context, o PrepareOptions, mem memory.Allocator) (m *Manifest, err error) {
	if err := o.complete(); err != nil {
		return nil, err
	}
	tok, err := tokenizer.Load(o.Tokenizer)
	if err != nil {
		return nil, err
	}
	input, err := datasets.Open(o.Source)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, input.Close()) }()
	m, err = newManifest(o, tok, input)
	if err != nil {
		return nil, err
	}
	journal, err := openJournal(o.Out, m)
	if err != nil {
		return nil, err
	}
	p := &preparation{options: o, mem: mem, tokenizer: tok, input: input, manifest: m, journal: journal}
	if err := errors.Join(p.run(ctx), journal.close()); err != nil {
		return nil, err
	}
	return m, p.publish()
}

// complete fills in the defaults and checks the options.
func (o *PrepareOptions) complete() error {
	o.MaxLength = orDefault(o.MaxLength, DefaultMaxLength)
	o.ShardRows = orDefault(o.ShardRows, DefaultShardRows)
	o.Workers = orDefault(o.Workers, runtime.GOMAXPROCS(0))
	if o.Compression == "" {
		o.Compression = "none"
	}
	if o.Source.Vocabulary == "" { // binarised text is read back by the same vocabulary
		o.Source.Vocabulary = filepath.Join(o.Tokenizer, "vocab.json")
	}
	switch {
	case o.Out == "":
		return errors.New("out: must name a folder")
	case o.MaxLength < 3:
		return fmt.Errorf("max-length %d: must be at least 3, room for the special tokens", o.MaxLength)
	case o.ShardRows < 1 || o.ShardRows%batchRows != 0:
		return fmt.Errorf("shard-rows %d: must be a positive multiple of %d", o.ShardRows, batchRows)
	case o.Workers < 1:
		return fmt.Errorf("workers %d: must be positive", o.Workers)
	case o.Compression != "none" && o.Compression != "zstd":
		return fmt.Errorf("compression %q: must be none or zstd", o.Compression)
	}
	return nil
}

func orDefault(n, otherwise int) int {
	if n == 0 {
		return otherwise
	}
	return n
}

// newManifest describes what will be made; the rows are still to be counted.
func newManifest(o PrepareOptions, tok *tokenizer.Tokenizer, input *datasets.Input) (*Manifest, error) {
	m := &Manifest{
		Schema: ManifestSchema, Task: input.Task.Name, Split: o.Source.Split,
		Labels: input.Task.Labels, LabelRows: make([]int64, len(input.Task.Labels)),
		MaxLength: o.MaxLength, Compression: o.Compression, BatchRows: batchRows, ShardRows: o.ShardRows,
		Tokenizer: TokenizerID{
			SHA256: tok.Hash(), Kind: tok.Kind(), VocabSize: tok.VocabSize(),
			Pad: tok.Special().PAD, CLS: tok.Special().CLS, SEP: tok.Special().SEP,
		},
	}
	for _, path := range input.Files {
		file, err := identify(path)
		if err != nil {
			return nil, err
		}
		m.Source.Files = append(m.Source.Files, file)
	}
	return m, nil
}

// identify hashes a file.
func identify(path string) (SourceFile, error) {
	file, err := os.Open(path)
	if err != nil {
		return SourceFile{}, err
	}
	defer file.Close()
	sum := sha256.New()
	n, err := io.Copy(sum, file)
	if err != nil {
		return SourceFile{}, err
	}
	return SourceFile{Name: filepath.Base(path), Bytes: n, SHA256: hex.EncodeToString(sum.Sum(nil))}, nil
}

// publish writes the manifest, which makes the folder a prepared one; the journal has done its work.
func (p *preparation) publish() error {
	if err := p.manifest.publish(p.options.Out, p.input.Files[0]); err != nil {
		return err
	}
	return os.Remove(p.journal.path)
}

// publish writes the manifest of the rows of a source into their folder.
func (m *Manifest) publish(dir, source string) error {
	if m.Rows == 0 {
		return fmt.Errorf("%s: no rows", source)
	}
	data, err := m.encode()
	if err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, ManifestFile), data)
}
