// Package peer runs the official tokenizers library (Rust, through the npm package @anush008/tokenizers 0.6.0) beside
// ours, so that tests can compare ids and the benchmark speed. It needs Node.js and a folder whose node_modules holds
// the package; nothing else in the project imports it.
package peer

import (
	"bufio"
	"bytes"
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
)

//go:embed peer.cjs
var script string

// Text is one input: a text, or a pair of them.
type Text struct {
	A         string
	B         *string
	MaxLength int // 0 for no truncation
}

// Encoding is what the library gives for a text.
type Encoding struct {
	IDs     []int32
	TypeIDs []int8
}

// Timing is the best pass over a set of texts.
type Timing struct {
	Tokens  int     `json:"tokens"`  // special tokens included
	Seconds float64 `json:"seconds"` // of one pass
}

// Peer names the library and the tokenizer that it loads.
type Peer struct {
	Modules   string // folder that holds node_modules/@anush008/tokenizers
	Tokenizer string // folder that holds tokenizer.json, or vocab.txt of an uncased BERT
}

// Encode gives the library's encoding of each text. What is not UTF-8 it reads as Rust's from_utf8_lossy does.
func (p Peer) Encode(texts []Text) ([]Encoding, error) {
	type line struct {
		A   []byte  `json:"a"` // base64
		B   *[]byte `json:"b"`
		Max int     `json:"max"`
	}
	var in bytes.Buffer
	for _, t := range texts {
		l := line{A: []byte(t.A), Max: t.MaxLength}
		if t.B != nil {
			b := []byte(*t.B)
			l.B = &b
		}
		if err := json.NewEncoder(&in).Encode(l); err != nil {
			return nil, err
		}
	}
	encodings := make([]Encoding, 0, len(texts))
	err := p.run("encode", &in, func(answer []byte) error {
		var e Encoding
		if err := json.Unmarshal(answer, &[]any{&e.IDs, &e.TypeIDs}); err != nil {
			return err
		}
		encodings = append(encodings, e)
		return nil
	})
	if err == nil && len(encodings) != len(texts) {
		err = fmt.Errorf("tokenizers: %d answers for %d texts", len(encodings), len(texts))
	}
	return encodings, err
}

// Time runs the library's encodeBatch on one thread, for about so many seconds.
func (p Peer) Time(texts []string, seconds float64) (Timing, error) {
	var in bytes.Buffer
	if err := json.NewEncoder(&in).Encode(map[string]any{"seconds": seconds, "texts": texts}); err != nil {
		return Timing{}, err
	}
	var timing Timing
	err := p.run("time", &in, func(answer []byte) error { return json.Unmarshal(answer, &timing) })
	return timing, err
}

// run starts the script on one thread, hands it in, and calls each with every line of its answer.
func (p Peer) run(mode string, in io.Reader, each func([]byte) error) error {
	modules, err := filepath.Abs(filepath.Join(p.Modules, "node_modules", "@anush008", "tokenizers"))
	if err != nil {
		return err
	}
	tokenizer, err := filepath.Abs(p.Tokenizer)
	if err != nil {
		return err
	}
	file, err := os.CreateTemp("", "peer*.cjs")
	if err != nil {
		return err
	}
	defer os.Remove(file.Name())
	if _, err := file.WriteString(script); err != nil {
		return err
	}
	if err := file.Close(); err != nil {
		return err
	}
	var stdout, stderr bytes.Buffer
	cmd := exec.Command("node", "--max-old-space-size=4096", file.Name(), modules, tokenizer, mode)
	cmd.Env = append(os.Environ(), "RAYON_NUM_THREADS=1", "TOKENIZERS_PARALLELISM=false")
	cmd.Stdin, cmd.Stdout, cmd.Stderr = in, &stdout, &stderr
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("tokenizers: %w: %s", err, bytes.TrimSpace(stderr.Bytes()))
	}
	lines := bufio.NewScanner(&stdout)
	lines.Buffer(nil, 1<<28)
	for lines.Scan() {
		if err := each(lines.Bytes()); err != nil {
			return fmt.Errorf("tokenizers: answer %.100q: %w", lines.Text(), err)
		}
	}
	return lines.Err()
}
