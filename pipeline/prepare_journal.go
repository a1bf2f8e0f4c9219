package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// journalFile lists the finished shards of a run that has not ended.
const journalFile = "prepare.journal"

// journal is a file of JSON lines: the manifest as it was before the first row, then one entry a finished shard.
type journal struct {
	path string
	file *os.File
}

type journalEntry struct {
	Shard ShardFile `json:"shard"`
	Tally tally     `json:"tally"`
}

// openJournal begins a folder, or continues one that the same options began: then the finished shards are entered into
// the manifest.
func openJournal(dir string, m *Manifest) (*journal, error) {
	header, err := json.Marshal(m)
	if err != nil {
		return nil, err
	}
	j := &journal{path: filepath.Join(dir, journalFile)}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, err
	}
	old, err := os.ReadFile(j.path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return j, j.begin(dir, header)
	case err != nil:
		return nil, err
	default:
		return j, j.resume(dir, header, old, m)
	}
}

// begin starts in a folder that must be empty, but for journals whose writing was cut off.
func (j *journal) begin(dir string, header []byte) (err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	cut := "." + journalFile + "-"
	if slices.ContainsFunc(entries, func(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), cut) }) {
		return fmt.Errorf("out %s: %w and is not empty; nothing is overwritten", dir, fs.ErrExist)
	}
	if err := writeFile(j.path, append(header, '\n')); err != nil {
		return err
	}
	j.file, err = os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0)
	return err
}

// resume takes over the finished shards, as long as each is still what the journal says, and cuts off the rest.
func (j *journal) resume(dir string, header, old []byte, m *Manifest) (err error) {
	lines := bytes.SplitAfter(old, []byte("\n"))
	if !bytes.Equal(bytes.TrimSuffix(lines[0], []byte("\n")), header) {
		return fmt.Errorf("out %s: was begun with another source, tokenizer or option: %s; remove the folder or name another",
			dir, difference(lines[0], header))
	}
	good := len(lines[0])
	for _, line := range lines[1:] {
		var entry journalEntry
		if json.Unmarshal(line, &entry) != nil || !entry.intact(dir) {
			break
		}
		m.include(entry.Shard, entry.Tally)
		good += len(line)
	}
	if err := os.Truncate(j.path, int64(good)); err != nil {
		return err
	}
	j.file, err = os.OpenFile(j.path, os.O_WRONLY|os.O_APPEND, 0)
	return err
}

// intact verifies a finished shard's hash.
func (e journalEntry) intact(dir string) bool {
	found, err := identify(filepath.Join(dir, e.Shard.File))
	return err == nil && found.SHA256 == e.Shard.SHA256
}

// difference names the first field of two manifests that differs.
func difference(old, now []byte) string {
	var a, b map[string]json.RawMessage
	if json.Unmarshal(old, &a) != nil || json.Unmarshal(now, &b) != nil {
		return "the journal is damaged"
	}
	for _, field := range []string{"source", "tokenizer", "task", "split", "max_length", "shard_rows", "compression", "labels"} {
		if !bytes.Equal(a[field], b[field]) {
			return fmt.Sprintf("%s was %s, is %s", field, a[field], b[field])
		}
	}
	return "the version differs"
}

// append enters a finished shard durably.
func (j *journal) append(entry journalEntry) error {
	line, err := json.Marshal(entry)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(line, '\n')); err != nil {
		return err
	}
	return j.file.Sync()
}

func (j *journal) close() error { return j.file.Close() }
