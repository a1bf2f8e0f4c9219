package trainer

import (
	"bufio"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
)

// Names in a run folder. All but the key may be published (steps.jsonl tells of the data without noise: see its
// header in StepLog).
const (
	planFile    = "plan.json"    // the resolved plan, and what it was made for
	ledgerFile  = "ledger.jsonl" // what was spent, hash-chained, never rewritten
	stepsFile   = "steps.jsonl"  // loss and lot size of each step: not private
	keyFile     = "key"          // the secret key while the run lasts; then it is removed
	checkpoints = "checkpoint"   // the last two checkpoints
)

// runFolder is where a run lives. The zero value keeps nothing.
type runFolder struct{ path string }

func (f runFolder) kept() bool { return f.path != "" }

func (f runFolder) file(name string) string { return filepath.Join(f.path, name) }

// planRecord is plan.json. It ties a run to its data, its first weights and the arithmetic that its sums come from.
type planRecord struct {
	Schema     string `json:"schema"` // ewtune.plan/v1
	Plan       Plan   `json:"plan"`
	Data       string `json:"data"`       // Source.Hash
	Model      string `json:"model"`      // SHA-256 of the starting weights
	Arithmetic string `json:"arithmetic"` // engineCore.unit
}

const planSchema = "ewtune.plan/v1"

// create makes the folder of a new run: the key first, the plan last, so that a folder with a plan can be resumed.
func (f runFolder) create(record planRecord, key dp.Key) error {
	if _, err := os.Stat(f.file(planFile)); err == nil {
		return fmt.Errorf("run folder %s: holds a run already; resume it or choose another", f.path)
	}
	if err := os.MkdirAll(f.file(checkpoints), 0o777); err != nil {
		return fmt.Errorf("run folder: %w", err)
	}
	if err := writeFile(f.file(keyFile), 0o600, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, hex.EncodeToString(key[:]))
		return err
	}); err != nil {
		return err
	}
	return writeFile(f.file(planFile), 0o666, func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(record)
	})
}

func (f runFolder) readPlan() (planRecord, error) {
	var record planRecord
	data, err := os.ReadFile(f.file(planFile))
	if err != nil {
		return record, fmt.Errorf("run folder %s: no run to resume: %w", f.path, err)
	}
	if err := json.Unmarshal(data, &record); err != nil {
		return record, fmt.Errorf("%s: %w", f.file(planFile), err)
	}
	if record.Schema != planSchema {
		return record, fmt.Errorf("%s: schema %q: must be %q", f.file(planFile), record.Schema, planSchema)
	}
	return record, nil
}

func (f runFolder) readKey() (dp.Key, error) {
	var key dp.Key
	data, err := os.ReadFile(f.file(keyFile))
	if err != nil {
		return key, fmt.Errorf("run folder %s: the key is gone, so the lots and the noise cannot be drawn again: %w", f.path, err)
	}
	raw, err := hex.DecodeString(string(data[:max(len(data)-1, 0)]))
	if err != nil || len(raw) != len(key) {
		return key, fmt.Errorf("%s: must be %d hexadecimal digits", f.file(keyFile), 2*len(key))
	}
	return dp.Key(raw), nil
}

// forgetKey ends a run: whoever takes the folder cannot subtract the noise.
func (f runFolder) forgetKey() error {
	if err := os.Remove(f.file(keyFile)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("remove key: %w", err)
	}
	return syncFolder(f.path)
}

// writeFile writes a temporary file beside path, makes it durable and renames it: path holds the old content or the
// new, never a part.
func writeFile(path string, mode os.FileMode, write func(io.Writer) error) error {
	temp, err := os.OpenFile(path+".tmp", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, mode)
	if err != nil {
		return err
	}
	buffered := bufio.NewWriterSize(temp, 1<<20)
	err = errors.Join(write(buffered), buffered.Flush(), temp.Sync(), temp.Close())
	if err == nil {
		err = os.Rename(path+".tmp", path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("write %s: %w", path, err), os.Remove(path+".tmp"))
	}
	return syncFolder(filepath.Dir(path))
}

// syncFolder makes renames and removals in a folder durable.
func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// appendFile is a file that only grows, each line durable before append returns if asked so.
type appendFile struct {
	file    *os.File
	durable bool
}

// openAppend opens a file for appending after its first keep bytes; what follows them is cut off.
func openAppend(path string, keep int64, durable bool) (*appendFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	size, err := f.Seek(0, io.SeekEnd)
	if err == nil && size > keep {
		err = f.Truncate(keep)
	}
	if err == nil {
		_, err = f.Seek(min(size, keep), io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &appendFile{f, durable}, nil
}

func (a *appendFile) append(line []byte) error {
	if _, err := a.file.Write(line); err != nil {
		return err
	}
	if a.durable {
		return a.file.Sync()
	}
	return nil
}

func (a *appendFile) sync() error  { return a.file.Sync() }
func (a *appendFile) close() error { return a.file.Close() }
