package trainer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// checkpoint is a run after Step steps, to the bit. On disk it is a safetensors file whose metadata hold the progress
// and whose name holds its SHA-256, so that a torn or damaged one is recognised by itself.
type checkpoint struct {
	progress
	State []StateTensor
}

// progress is the part of a run's state that is not tensors.
type progress struct {
	Step         int64     `json:"step"`
	PlanHash     string    `json:"plan"`
	LedgerHash   string    `json:"ledger"`           // of the last event that the checkpoint contains
	StepsBytes   int64     `json:"steps_bytes"`      // length of steps.jsonl
	ClippingNorm float64   `json:"clipping_norm"`    // of the next step, before the phase's factor
	Scores       []float64 `json:"scores,omitempty"` // of the gradient canaries
	Tally        tally     `json:"tally"`
}

const (
	checkpointPrefix = "step-"
	checkpointSuffix = ".safetensors"
	checkpointsKept  = 2
)

// save writes a checkpoint durably, then removes all but the newest ones.
func (f runFolder) save(c checkpoint) error {
	temp := f.file(filepath.Join(checkpoints, "writing"))
	digest := sha256.New()
	if err := writeFile(temp, 0o666, func(w io.Writer) error { return c.encode(io.MultiWriter(w, digest)) }); err != nil {
		return fmt.Errorf("checkpoint of step %d: %w", c.Step, err)
	}
	name := fmt.Sprintf("%s%010d-%s%s", checkpointPrefix, c.Step, hex.EncodeToString(digest.Sum(nil)), checkpointSuffix)
	if err := os.Rename(temp, f.file(filepath.Join(checkpoints, name))); err != nil {
		return fmt.Errorf("checkpoint of step %d: %w", c.Step, err)
	}
	return errors.Join(syncFolder(f.file(checkpoints)), f.prune())
}

// list gives the paths of the checkpoints, newest first.
func (f runFolder) list() ([]string, error) {
	paths, err := filepath.Glob(f.file(filepath.Join(checkpoints, checkpointPrefix+"*"+checkpointSuffix)))
	slices.Sort(paths)
	slices.Reverse(paths)
	return paths, err
}

func (f runFolder) prune() error {
	paths, err := f.list()
	for _, path := range paths[min(checkpointsKept, len(paths)):] {
		err = errors.Join(err, os.Remove(path))
	}
	return err
}

// newest returns the newest whole checkpoint, skipping damaged ones, whose faults are told; found is false if none is
// whole.
func (f runFolder) newest() (c checkpoint, found bool, faults []string, err error) {
	paths, err := f.list()
	for _, path := range paths {
		c, err := readCheckpoint(path)
		if err == nil {
			return c, true, faults, nil
		}
		faults = append(faults, err.Error())
	}
	return checkpoint{}, false, faults, err
}

func readCheckpoint(path string) (checkpoint, error) {
	var c checkpoint
	data, err := os.ReadFile(path)
	if err != nil {
		return c, err
	}
	digest := sha256.Sum256(data)
	if !strings.Contains(filepath.Base(path), hex.EncodeToString(digest[:])) {
		return c, fmt.Errorf("%s: damaged: its SHA-256 is not the one in its name", path)
	}
	// The hash matches, so the file is one that encode wrote.
	length := binary.LittleEndian.Uint64(data)
	var header struct {
		Metadata map[string]string `json:"__metadata__"`
	}
	if err := json.Unmarshal(data[8:8+length], &header); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	if err := json.Unmarshal([]byte(header.Metadata["progress"]), &c.progress); err != nil {
		return c, fmt.Errorf("%s: %w", path, err)
	}
	stored, err := model.ReadStored(path)
	for _, s := range stored {
		c.State = append(c.State, decodeTensor(s))
	}
	return c, err
}

// encode writes the checkpoint as safetensors: 8 bytes of header length, the header in JSON, the numbers in
// little-endian order.
func (c checkpoint) encode(w io.Writer) error {
	type entry struct {
		DType   string   `json:"dtype"`
		Shape   []int    `json:"shape"`
		Offsets [2]int64 `json:"data_offsets"`
	}
	progressJSON, err := json.Marshal(c.progress)
	if err != nil {
		return err
	}
	header := map[string]any{"__metadata__": map[string]string{"format": "ewtune.checkpoint/v1", "progress": string(progressJSON)}}
	at := int64(0)
	for _, t := range c.State {
		e := entry{DType: "F32", Shape: t.Shape, Offsets: [2]int64{at, at + int64(4*len(t.Float32))}}
		if t.Float64 != nil {
			e.DType, e.Offsets[1] = "F64", at+int64(8*len(t.Float64))
		}
		header[t.Name], at = e, e.Offsets[1]
	}
	encoded, err := json.Marshal(header)
	if err != nil {
		return err
	}
	if _, err := w.Write(append(binary.LittleEndian.AppendUint64(nil, uint64(len(encoded))), encoded...)); err != nil {
		return err
	}
	for _, t := range c.State {
		if err := writeNumbers(w, t); err != nil {
			return err
		}
	}
	return nil
}

func writeNumbers(w io.Writer, t StateTensor) error {
	const chunk = 1 << 14
	buffer := make([]byte, 0, 8*chunk)
	for part := range slices.Chunk(t.Float32, chunk) {
		buffer = buffer[:0]
		for _, v := range part {
			buffer = binary.LittleEndian.AppendUint32(buffer, math.Float32bits(v))
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	for part := range slices.Chunk(t.Float64, chunk) {
		buffer = buffer[:0]
		for _, v := range part {
			buffer = binary.LittleEndian.AppendUint64(buffer, math.Float64bits(v))
		}
		if _, err := w.Write(buffer); err != nil {
			return err
		}
	}
	return nil
}

func decodeTensor(s model.Stored) StateTensor {
	t := StateTensor{Name: s.Name, Shape: s.Shape}
	if s.DType == "F64" {
		t.Float64 = make([]float64, len(s.Raw)/8)
		for i := range t.Float64 {
			t.Float64[i] = math.Float64frombits(binary.LittleEndian.Uint64(s.Raw[8*i:]))
		}
		return t
	}
	t.Float32 = make([]float32, len(s.Raw)/4)
	for i := range t.Float32 {
		t.Float32[i] = math.Float32frombits(binary.LittleEndian.Uint32(s.Raw[4*i:]))
	}
	return t
}

// HashModel is the SHA-256 of a model's configuration and tensors.
func HashModel(m *model.Model) string {
	digest := sha256.New()
	config, _ := json.Marshal(m.Config) // plain numbers and strings
	digest.Write(config)
	for _, t := range m.Tensors {
		fmt.Fprintf(digest, "\n%s %v\n", t.Name, t.Shape)
		writeNumbers(digest, StateTensor{Float32: t.Data}) // a hash takes every write
	}
	return hex.EncodeToString(digest.Sum(nil))
}
