package eval

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"path"
	"strings"
)

// Compressed is the ending of a file that is stored compressed with gzip. Its hash is that of the stored bytes.
const Compressed = ".gz"

// unpackLimit is the most bytes that a compressed file may hold, so that a small file cannot fill the memory.
const unpackLimit = 1 << 30

// unpack gives the content of a file, whatever the form in which it is stored.
func unpack(name string, stored []byte) ([]byte, error) {
	if !strings.HasSuffix(name, Compressed) {
		return stored, nil
	}
	reader, err := gzip.NewReader(bytes.NewReader(stored))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	text, err := io.ReadAll(io.LimitReader(reader, unpackLimit+1))
	switch {
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case len(text) > unpackLimit:
		return nil, fmt.Errorf("%s: more than %d bytes unpacked", name, unpackLimit)
	}
	return text, nil
}

// pack compresses; the same text gives the same bytes.
func pack(text []byte) ([]byte, error) {
	var out bytes.Buffer
	writer, err := gzip.NewWriterLevel(&out, gzip.BestCompression)
	if err != nil {
		return nil, err
	}
	if _, err := writer.Write(text); err != nil {
		return nil, err
	}
	if err := writer.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// Compact gives the files of a copy of the runs below a folder that is small enough to be kept under version control:
// predictions without scores, no measurements by step, predictions and ledgers compressed. A report of the copy says
// all that a report of the folder says but calibration, loss and spending by step.
func Compact(folder fs.FS) (map[string][]byte, error) {
	names, err := newBuilder(folder).find()
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{}
	for _, name := range names {
		if err := compactRun(folder, name, files); err != nil {
			return nil, err
		}
	}
	return files, nil
}

func compactRun(folder fs.FS, name string, files map[string][]byte) error {
	text, err := fs.ReadFile(folder, name)
	if err != nil {
		return err
	}
	run, err := ReadRun(text, name)
	if err != nil {
		return err
	}
	at := path.Dir(name)
	for i, file := range run.Files.Predictions {
		if run.Files.Predictions[i], err = compactFile(folder, at, file, withoutScores, files); err != nil {
			return err
		}
	}
	if run.Files.Ledger != "" {
		whole := func(text []byte, _ string) ([]byte, error) { return text, nil }
		if run.Files.Ledger, err = compactFile(folder, at, run.Files.Ledger, whole, files); err != nil {
			return err
		}
	}
	run.Files.Steps, run.Files.Audits = "", nil
	text, err = json.MarshalIndent(run, "", "  ")
	files[name] = append(text, '\n')
	return err
}

// compactFile adds one file of a run in its small form, and gives its new name.
func compactFile(folder fs.FS, at, file string, smaller func(text []byte, name string) ([]byte, error), files map[string][]byte) (string, error) {
	name := path.Join(at, file)
	text, err := fs.ReadFile(folder, name)
	if err != nil {
		return "", err
	}
	if text, err = unpack(name, text); err != nil {
		return "", err
	}
	if text, err = smaller(text, name); err != nil {
		return "", err
	}
	file = strings.TrimSuffix(file, Compressed) + Compressed
	files[path.Join(at, file)], err = pack(text)
	return file, err
}

func withoutScores(text []byte, name string) ([]byte, error) {
	p, err := ReadPredictions(bytes.NewReader(text), name)
	if err != nil {
		return nil, err
	}
	p.Scores = ""
	if len(p.Labels) <= maxColumnLabels {
		p.Layout = Columns
	}
	for i := range p.Rows {
		p.Rows[i].Scores = nil
	}
	var out bytes.Buffer
	err = WritePredictions(&out, p)
	return out.Bytes(), err
}
