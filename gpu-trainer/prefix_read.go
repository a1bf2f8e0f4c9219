package trainer

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/apache/arrow/go/v15/arrow"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// errPrefixDamaged tells that stored activations are not what their manifest says; they are then computed again.
var errPrefixDamaged = errors.New("damaged")

// prefixMemory is how many bytes of stored activations are kept in memory; the rows of larger ones are read from the
// files one by one, which the system's own cache makes cheap.
const prefixMemory = 1 << 30

// prefixReader reads the activations of single rows.
type prefixReader struct {
	lengths, labels []int32
	starts          []int64 // [rows]: the place of a row's numbers in its shard
	shards          []prefixShard
}

type prefixShard struct {
	io.ReaderAt
	file *os.File
}

// openPrefixReader opens a folder of stored activations and verifies all of it.
func openPrefixReader(folder string, want prefixIdentity) (*prefixReader, error) {
	m, err := readPrefixManifest(folder)
	if err != nil {
		return nil, err
	}
	if m.prefixIdentity != want || !m.whole() {
		return nil, fmt.Errorf("%s: %w: not the values of this prefix", folder, errPrefixDamaged)
	}
	r := &prefixReader{lengths: m.Lengths, labels: m.Labels, starts: m.starts()}
	total := int64(0)
	for _, id := range m.Shards {
		total += id.Bytes
	}
	for _, id := range m.Shards {
		shard, err := openPrefixShard(filepath.Join(folder, id.File), id, total <= prefixMemory)
		if err != nil {
			return nil, errors.Join(err, r.close())
		}
		r.shards = append(r.shards, shard)
	}
	return r, nil
}

func readPrefixManifest(folder string) (prefixManifest, error) {
	var m prefixManifest
	if _, err := os.Stat(folder); err != nil {
		return m, err
	}
	found, err := filepath.Glob(filepath.Join(folder, "manifest-*.json"))
	if err != nil || len(found) != 1 {
		return m, fmt.Errorf("%s: %w: has %d manifests", folder, errPrefixDamaged, len(found))
	}
	text, err := os.ReadFile(found[0])
	if err != nil {
		return m, err
	}
	if prefixManifestName(text) != filepath.Base(found[0]) || json.Unmarshal(text, &m) != nil {
		return m, fmt.Errorf("%s: %w: its SHA-256 is not the one in its name", found[0], errPrefixDamaged)
	}
	return m, nil
}

// whole tells whether the shards that a manifest lists hold all of its rows.
func (m prefixManifest) whole() bool {
	rows := len(m.Lengths)
	if len(m.Labels) != rows || m.Hidden < 1 || len(m.Shards) != (rows+prefixShardRows-1)/prefixShardRows {
		return false
	}
	for i, s := range m.Shards {
		left := min(rows-i*prefixShardRows, prefixShardRows)
		if len(s.Numbers) != (left+prefixBatchRows-1)/prefixBatchRows {
			return false
		}
	}
	return true
}

// starts adds up where each row's numbers stand.
func (m prefixManifest) starts() []int64 {
	pooled := model.Boundary{Name: m.Boundary}.Pooled()
	starts, at := make([]int64, len(m.Lengths)), int64(0)
	for row, length := range m.Lengths {
		if row%prefixBatchRows == 0 {
			at = m.Shards[row/prefixShardRows].Numbers[row%prefixShardRows/prefixBatchRows]
		}
		starts[row] = at
		if pooled {
			length = 1
		}
		at += 4 * int64(length) * int64(m.Hidden)
	}
	return starts
}

// openPrefixShard opens a shard and compares it with its hash; with keep it is held in memory.
func openPrefixShard(path string, id prefixShardID, keep bool) (prefixShard, error) {
	file, err := os.Open(path)
	if err != nil {
		return prefixShard{}, fmt.Errorf("%w: %w", errPrefixDamaged, err)
	}
	digest := sha256.New()
	shard := prefixShard{ReaderAt: file, file: file}
	var copied int64
	if keep {
		data := bytes.NewBuffer(make([]byte, 0, id.Bytes+bytes.MinRead))
		copied, err = io.Copy(io.MultiWriter(digest, data), file)
		shard.ReaderAt = bytes.NewReader(data.Bytes())
	} else {
		copied, err = io.Copy(digest, file)
	}
	if err == nil && (copied != id.Bytes || hex.EncodeToString(digest.Sum(nil)) != id.SHA256) {
		err = fmt.Errorf("%s: %w: its SHA-256 is not the manifest's", path, errPrefixDamaged)
	}
	if err != nil {
		return shard, errors.Join(err, file.Close())
	}
	return shard, nil
}

// read copies the activations of a row to dst, which is as long as they are.
func (r *prefixReader) read(row int64, dst []float32) error {
	if _, err := r.shards[row/prefixShardRows].ReadAt(arrow.Float32Traits.CastToBytes(dst), r.starts[row]); err != nil {
		return fmt.Errorf("stored activations of row %d: %w", row, err)
	}
	return nil
}

func (r *prefixReader) close() error {
	var err error
	for _, s := range r.shards {
		err = errors.Join(err, s.file.Close())
	}
	return err
}
