package datasets

import (
	"encoding/json"
	"fmt"
	"io"
)

// jsonl is one JSON object a line. Texts are strings; a label is a string, a whole number, null or absent.
type jsonl struct {
	*lineReader
	task Task
}

func newJSONL(path string, file io.Reader, task Task) *jsonl {
	return &jsonl{newLineReader(path, file), task}
}

func (t *jsonl) next() (record, error) {
	line, err := t.lineReader.next()
	if err != nil {
		return record{}, err
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(line, &fields); err != nil {
		return record{}, t.bad(fmt.Errorf("not a JSON object: %w", err))
	}
	var texts [2]string
	for i, name := range t.task.Columns {
		if err := json.Unmarshal(fields[name], &texts[i]); err != nil || string(fields[name]) == "null" {
			return record{}, t.bad(fmt.Errorf("field %q: must be a string", name))
		}
	}
	r := record{a: texts[0], b: texts[1]}
	if label, ok := fields[t.task.Label]; ok && string(label) != "null" {
		r.labelled, r.label = true, string(label)
		if label[0] == '"' {
			if err := json.Unmarshal(label, &r.label); err != nil {
				return record{}, t.bad(err)
			}
		}
	}
	return r, nil
}
