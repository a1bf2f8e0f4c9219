package pipeline

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ewtune/ewtune/pipeline/tokenizer"
)

// ManifestSchema is the version of the manifest and of the shards that it describes.
const ManifestSchema = "ewtune.shards/v1"

// ManifestFile is the manifest's name in a prepared folder.
const ManifestFile = "manifest.json"

// Manifest describes one prepared split. It holds no time and no path, so that equal data has an equal manifest.
type Manifest struct {
	Schema      string      `json:"schema"`
	Task        string      `json:"task"`
	Split       string      `json:"split"`
	Rows        int64       `json:"rows"`
	Tokens      int64       `json:"tokens"`
	Labels      []string    `json:"labels"`     // spelling of each class
	LabelRows   []int64     `json:"label_rows"` // rows of each class
	Unlabelled  int64       `json:"unlabelled"`
	MaxLength   int         `json:"max_length"` // tokens; longer rows were cut
	Lengths     []int64     `json:"lengths"`    // rows by number of tokens, from 0 to the longest
	Tokenizer   TokenizerID `json:"tokenizer"`
	Source      SourceID    `json:"source"`
	BatchRows   int         `json:"batch_rows"` // rows of every record batch but the last
	ShardRows   int         `json:"shard_rows"` // rows of every shard but the last
	Compression string      `json:"compression"`
	Shards      []ShardFile `json:"shards"`

	encoded []byte // the file's bytes
}

// TokenizerID says which tokenizer made the ids.
type TokenizerID struct {
	SHA256    string `json:"sha256"`
	Kind      string `json:"kind"` // "wordpiece" or "bpe"
	VocabSize int    `json:"vocab_size"`
	Pad       int32  `json:"pad"`
	CLS       int32  `json:"cls"`
	SEP       int32  `json:"sep"`
}

// SourceID says which text was read.
type SourceID struct {
	Files   []SourceFile `json:"files"`
	Skipped int64        `json:"skipped"` // malformed rows left out
}

// SourceFile is one file of the text.
type SourceFile struct {
	Name   string `json:"name"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// ShardFile is one file of record batches.
type ShardFile struct {
	File   string `json:"file"`
	Rows   int64  `json:"rows"`
	Tokens int64  `json:"tokens"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"`
}

// Hash is the SHA-256 of the manifest file, in hexadecimal. Through the shards' hashes it stands for all the data.
func (m *Manifest) Hash() string { return sha256Hex(m.encoded) }

// ReadManifest reads and checks the manifest of a prepared folder.
func ReadManifest(dir string) (*Manifest, error) {
	path := filepath.Join(dir, ManifestFile)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("data %s: no %s: %w; `datasets prepare` makes one", dir, ManifestFile, fs.ErrNotExist)
	}
	if err != nil {
		return nil, err
	}
	m, err := ParseManifest(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return m, nil
}

// ParseManifest decodes and checks a manifest.
func ParseManifest(data []byte) (*Manifest, error) {
	m := &Manifest{encoded: data}
	decoder := json.NewDecoder(bytes.NewReader(data))
	if err := decoder.Decode(m); err != nil {
		return nil, fmt.Errorf("not a manifest: %w", err)
	}
	if m.Schema != ManifestSchema {
		return nil, fmt.Errorf("schema %q: this version reads %q", m.Schema, ManifestSchema)
	}
	return m, m.check()
}

// check verifies that the numbers agree with each other.
func (m *Manifest) check() error {
	if m.BatchRows < 1 || m.ShardRows < m.BatchRows || m.ShardRows%m.BatchRows != 0 {
		return fmt.Errorf("shard_rows %d: must be a positive multiple of batch_rows %d", m.ShardRows, m.BatchRows)
	}
	if len(m.LabelRows) != len(m.Labels) {
		return fmt.Errorf("label_rows: %d numbers for %d labels", len(m.LabelRows), len(m.Labels))
	}
	var rows, tokens int64
	for i, s := range m.Shards {
		if i < len(m.Shards)-1 && s.Rows != int64(m.ShardRows) || s.Rows < 1 || s.Rows > int64(m.ShardRows) {
			return fmt.Errorf("shard %s: %d rows: all but the last have shard_rows %d", s.File, s.Rows, m.ShardRows)
		}
		if s.File != shardName(i) {
			return fmt.Errorf("shard %d: file %q: must be %s", i, s.File, shardName(i))
		}
		rows, tokens = rows+s.Rows, tokens+s.Tokens
	}
	if rows != m.Rows || tokens != m.Tokens {
		return fmt.Errorf("rows %d and tokens %d: the shards add up to %d and %d", m.Rows, m.Tokens, rows, tokens)
	}
	return nil
}

// CheckTokenizer refuses a tokenizer other than the one that made the ids.
func (m *Manifest) CheckTokenizer(t *tokenizer.Tokenizer) error {
	if t.Hash() != m.Tokenizer.SHA256 {
		return fmt.Errorf("tokenizer: sha256 %s: the %s split of %s was prepared with %s; prepare it again", t.Hash(), m.Split,
			m.Task, m.Tokenizer.SHA256)
	}
	return nil
}

func shardName(i int) string { return fmt.Sprintf("shard-%05d.arrow", i) }

// encode gives the manifest's bytes.
func (m *Manifest) encode() ([]byte, error) {
	data, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return nil, err
	}
	data = append(data, '\n')
	m.encoded = data
	return data, nil
}

func sha256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}
