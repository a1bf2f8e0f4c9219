package datasets

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// fairseqOffset is how many ids precede the lines of dict.txt: <s>, <pad>, </s> and <unk>.
const fairseqOffset = 4

// fairseqEnd is </s>, the last id of every row.
const fairseqEnd = 2

// fairseqFolder finds a binarised folder: dir itself, or TASK-bin below it.
func fairseqFolder(dir string, task Task) string {
	for _, candidate := range []string{dir, filepath.Join(dir, task.Folder+"-bin")} {
		if _, err := os.Stat(filepath.Join(candidate, "input0", "dict.txt")); err == nil {
			return candidate
		}
	}
	return ""
}

// fairseqSplit is fairseq's name of a split.
func fairseqSplit(split string) string {
	switch split {
	case "dev":
		return "valid"
	case "dev_mismatched":
		return "valid1"
	case "test_mismatched":
		return "test1"
	}
	return split
}

// openFairseq reads a folder that fairseq binarised for sentence prediction with RoBERTa's dictionary. The ids are turned
// back into text by o.Vocabulary: id-4 is the line of dict.txt, whose order is that of vocab.json.
func openFairseq(dir string, task Task, o OpenOptions) (*Input, error) {
	decode, err := newByteLevelDecoder(o.Vocabulary)
	if err != nil {
		return nil, fmt.Errorf("data %s: is binarised; %w", dir, err)
	}
	r := &fairseqReader{decode: decode, task: task}
	input := &Input{Reader: r, Task: task}
	name := fairseqSplit(o.Split)
	for i, part := range append([]string{"input0", "input1"}[:len(task.Columns)], "label") {
		path := filepath.Join(dir, part, name)
		if _, err := os.Stat(path + ".idx"); part == "label" && errors.Is(err, os.ErrNotExist) {
			break
		}
		rows, err := openIndexed(path)
		if err != nil {
			return nil, errors.Join(err, r.Close())
		}
		r.parts = append(r.parts, rows)
		input.Files = append(input.Files, path+".idx", path+".bin")
		if i > 0 && rows.len() != r.parts[0].len() {
			return nil, errors.Join(fmt.Errorf("%s: %d rows: %s has %d", path, rows.len(), "input0", r.parts[0].len()), r.Close())
		}
	}
	if len(r.parts) > len(task.Columns) {
		if r.labels, err = readDictionary(filepath.Join(dir, "label", "dict.txt")); err != nil {
			return nil, errors.Join(err, r.Close())
		}
	}
	return input, nil
}

// readDictionary gives the first word of each line.
func readDictionary(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var words []string
	for line := range strings.Lines(string(data)) {
		word, _, _ := strings.Cut(strings.TrimRight(line, "\r\n"), " ")
		words = append(words, word)
	}
	return words, nil
}

// fairseqReader reads the parts of a binarised split side by side.
type fairseqReader struct {
	parts  []*indexed // texts, then the label if there is one
	labels []string
	decode *byteLevelDecoder
	task   Task
	at     int
}

// Next reads the next row.
func (r *fairseqReader) Next() (Row, error) {
	if r.at == r.parts[0].len() {
		return Row{}, io.EOF
	}
	row := Row{ID: int64(r.at), Label: Unlabelled}
	texts := [2]*string{&row.A, &row.B}
	at := r.at
	r.at++
	for i, part := range r.parts {
		ids, err := part.row(at)
		if err == nil && i < len(r.task.Columns) {
			*texts[i], err = r.decode.text(ids)
		} else if err == nil {
			row.Label, err = r.label(ids)
		}
		if err != nil {
			return Row{}, &RowError{Path: part.path, Line: int64(at) + 1, Err: err}
		}
	}
	return row, nil
}

func (r *fairseqReader) label(ids []int64) (int32, error) {
	if len(ids) != 1 || ids[0] < fairseqOffset || int(ids[0]-fairseqOffset) >= len(r.labels) {
		return 0, fmt.Errorf("label ids %v: must be one line of label/dict.txt, which has %d", ids, len(r.labels))
	}
	return r.task.LabelOf(r.labels[ids[0]-fairseqOffset])
}

// Close closes the files.
func (r *fairseqReader) Close() error {
	var all error
	for _, part := range r.parts {
		all = errors.Join(all, part.file.Close())
	}
	return all
}

// indexed is a fairseq memory-mapped dataset (MMIDIDX): rows of ids in .bin, their sizes and places in .idx.
type indexed struct {
	path     string
	file     *os.File
	width    int // bytes of an id
	sizes    []int32
	pointers []int64
	raw      []byte
	ids      []int64
}

const indexMagic = "MMIDIDX\x00\x00"

// openIndexed reads path.idx and opens path.bin. The layout of the index: magic, version 1, code of the type, number of
// rows, sizes (int32), pointers (int64), all little-endian.
func openIndexed(path string) (*indexed, error) {
	index, err := os.ReadFile(path + ".idx")
	if err != nil {
		return nil, err
	}
	r := &indexed{path: path + ".bin"}
	if err := r.parse(index); err != nil {
		return nil, fmt.Errorf("%s.idx: %w", path, err)
	}
	if r.file, err = os.Open(r.path); err != nil {
		return nil, err
	}
	return r, nil
}

func (r *indexed) parse(index []byte) error {
	const header = len(indexMagic) + 8 + 1 + 8
	if len(index) < header || string(index[:len(indexMagic)]) != indexMagic {
		return errors.New("not a fairseq index")
	}
	rest := index[len(indexMagic):]
	if version := binary.LittleEndian.Uint64(rest); version != 1 {
		return fmt.Errorf("version %d: must be 1", version)
	}
	widths := map[byte]int{1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 8: 2}
	if r.width = widths[rest[8]]; r.width == 0 {
		return fmt.Errorf("type %d: must be an integer type", rest[8])
	}
	rows := binary.LittleEndian.Uint64(rest[9:])
	// Newer versions append one document index a row and one more; they are not needed.
	if body := index[header:]; rows > uint64(len(body))/12 {
		return fmt.Errorf("%d rows: the file has room for %d", rows, len(body)/12)
	}
	sizes := index[header:]
	pointers := sizes[4*rows:]
	for i := range rows {
		size := int32(binary.LittleEndian.Uint32(sizes[4*i:]))
		pointer := int64(binary.LittleEndian.Uint64(pointers[8*i:]))
		if size < 0 || size > maxLine || pointer < 0 {
			return fmt.Errorf("row %d: size %d at %d: out of range", i+1, size, pointer)
		}
		r.sizes, r.pointers = append(r.sizes, size), append(r.pointers, pointer)
	}
	return nil
}

func (r *indexed) len() int { return len(r.sizes) }

// row gives the ids of a row without the end mark, valid until the next call.
func (r *indexed) row(i int) ([]int64, error) {
	n := int(r.sizes[i])
	r.raw = append(r.raw[:0], make([]byte, n*r.width)...)
	if _, err := r.file.ReadAt(r.raw, r.pointers[i]); err != nil {
		return nil, fmt.Errorf("%d ids at byte %d: %w", n, r.pointers[i], withinRow(err))
	}
	r.ids = r.ids[:0]
	for at := 0; at < len(r.raw); at += r.width {
		r.ids = append(r.ids, littleEndian(r.raw[at:at+r.width]))
	}
	if n == 0 || r.ids[n-1] != fairseqEnd {
		return nil, fmt.Errorf("row must end with id %d", fairseqEnd)
	}
	return r.ids[:n-1], nil
}

// withinRow is the error of a file that ends inside a row.
func withinRow(err error) error {
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// littleEndian reads an integer of 1 to 8 bytes; ids are not negative.
func littleEndian(bytes []byte) int64 {
	var v int64
	for i, b := range bytes {
		v |= int64(b) << (8 * i)
	}
	return v
}
