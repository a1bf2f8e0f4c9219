package eval

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
)

const headerLine = `{"schema":"ewtune.predictions/v1","task":"sst2","split":"dev","dataset":"d","model":"m","labels":["no","yes"],"rows":3,"scores":"logit"}`

// rows of a good file, in an order of their own.
var goodRows = []string{
	`{"row_id":2,"label":0,"prediction":0,"scores":[1,-1]}`,
	`{"row_id":0,"label":1,"prediction":1,"scores":[-1,1]}`,
	`{"row_id":1,"label":1,"prediction":0,"scores":[0.5,0.25]}`,
}

func TestReadPredictionsOrdersRows(t *testing.T) {
	p, err := ReadPredictions(strings.NewReader(headerLine+"\n"+strings.Join(goodRows, "\n")+"\n"), "p.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	for i, row := range p.Rows {
		if row.RowID != int64(i) {
			t.Errorf("row %d has id %d", i, row.RowID)
		}
	}
	if want := []float64{0.5, 0.25}; !reflect.DeepEqual(p.Rows[1].Scores, want) {
		t.Errorf("scores of row 1 = %v, want %v", p.Rows[1].Scores, want)
	}
}

func TestPredictionsRoundTrip(t *testing.T) {
	p := formulaPredictions("qqp")
	var text bytes.Buffer
	if err := WritePredictions(&text, p); err != nil {
		t.Fatal(err)
	}
	again, err := ReadPredictions(&text, "p.jsonl")
	if err != nil {
		t.Fatal(err)
	}
	p.Schema = PredictionsSchema
	if !reflect.DeepEqual(p, again) {
		t.Error("what was read is not what was written")
	}
}

// Each bad file is refused by a sentence that names the place, the value and the rule.
func TestReadPredictionsBadInput(t *testing.T) {
	good := append([]string{headerLine}, goodRows...)
	for _, c := range []struct {
		name    string
		line    int // replaced, 0-based
		by      string
		message string
	}{
		{"newer schema", 0, strings.Replace(headerLine, "/v1", "/v2", 1), `p.jsonl:1: schema "ewtune.predictions/v2": this version reads "ewtune.predictions/v1"; a newer ewtune wrote it`},
		{"foreign schema", 0, strings.Replace(headerLine, "ewtune.predictions/v1", "x", 1), `p.jsonl:1: schema "x": must be "ewtune.predictions/v1"`},
		{"one label", 0, strings.Replace(headerLine, `["no","yes"]`, `["no"]`, 1), "at least two names"},
		{"unknown field", 0, strings.Replace(headerLine, `"task"`, `"extra":1,"task"`, 1), `p.jsonl:1: header: json: unknown field "extra"`},
		{"unknown id", 2, `{"row_id":3,"label":0,"prediction":0,"scores":[1,0]}`, "p.jsonl:3: row_id 3: unknown, the split has rows 0..2"},
		{"absent id", 2, `{"label":0,"prediction":0,"scores":[1,0]}`, "p.jsonl:3: no row_id: each line must have one"},
		{"duplicate id", 2, goodRows[0], "p.jsonl: row_id 2: duplicate"},
		{"label outside", 2, `{"row_id":0,"label":2,"prediction":0,"scores":[1,0]}`, "p.jsonl:3: row_id 0: label 2: must be 0..1"},
		{"label absent", 2, `{"row_id":0,"prediction":0,"scores":[1,0]}`, "p.jsonl:3: row_id 0: no label: must be given, -1 where it is not known"},
		{"prediction absent", 2, `{"row_id":0,"label":1,"scores":[1,0]}`, "p.jsonl:3: row_id 0: no prediction: must be given"},
		{"prediction outside", 2, `{"row_id":0,"label":1,"prediction":-1,"scores":[1,0]}`, "p.jsonl:3: row_id 0: prediction -1: must be 0..1"},
		{"score NaN", 2, `{"row_id":0,"label":1,"prediction":1,"scores":[NaN,0]}`, "p.jsonl:3: row_id 0: score NaN or Infinity: must be a finite number"},
		{"score overflow", 2, `{"row_id":0,"label":1,"prediction":1,"scores":[1e999,0]}`, "p.jsonl:3: row_id 0: score 1e999: must be a finite number"},
		{"score missing", 2, `{"row_id":0,"label":1,"prediction":1,"scores":[1]}`, "p.jsonl:3: row_id 0: 1 scores: must be one for each of the 2 labels"},
		{"two values", 2, goodRows[1] + goodRows[1], "p.jsonl:3: more than one JSON value"},
		{"truncated", 2, `{"row_id":0,"lab`, "p.jsonl:3: unexpected EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			lines := append([]string{}, good...)
			lines[c.line] = c.by
			_, err := ReadPredictions(strings.NewReader(strings.Join(lines, "\n")), "p.jsonl")
			if err == nil || !strings.Contains(err.Error(), c.message) {
				t.Errorf("error %v, want one with %q", err, c.message)
			}
		})
	}
	if _, err := ReadPredictions(strings.NewReader(strings.Join(good[:3], "\n")), "p.jsonl"); err == nil || !strings.Contains(err.Error(), "row_id 1: missing") {
		t.Errorf("missing row: error %v", err)
	}
	if _, err := ReadPredictions(strings.NewReader(""), "p.jsonl"); err == nil || !strings.Contains(err.Error(), "p.jsonl: empty") {
		t.Errorf("empty file: error %v", err)
	}
}

func TestProbabilitiesMustSumToOne(t *testing.T) {
	header := strings.Replace(headerLine, "logit", "probability", 1)
	for _, scores := range []string{"[0.5,0.4]", "[1.2,-0.2]"} {
		text := header + "\n" + `{"row_id":0,"label":1,"prediction":1,"scores":` + scores + "}"
		if _, err := ReadPredictions(strings.NewReader(text), "p"); err == nil || !strings.Contains(err.Error(), "p:2: row_id 0: score") {
			t.Errorf("scores %s: error %v", scores, err)
		}
	}
}

// Whatever is read can be written and read again.
func FuzzReadPredictions(f *testing.F) {
	f.Add(headerLine + "\n" + strings.Join(goodRows, "\n"))
	f.Add(strings.Replace(headerLine, `"rows":3`, `"rows":1`, 1) + "\n" + goodRows[1])
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 1<<12 {
			return
		}
		p, err := ReadPredictions(strings.NewReader(text), "p")
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WritePredictions(&out, p); err != nil {
			t.Fatalf("read, but cannot be written: %v", err)
		}
		if _, err := ReadPredictions(&out, "p"); err != nil {
			t.Fatalf("written, but cannot be read: %v", err)
		}
	})
}
