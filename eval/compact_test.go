package eval_test

import (
	"bytes"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/fixture"
)

func compacted(t *testing.T) (folder, small fstest.MapFS) {
	t.Helper()
	folder, small = fixture.Folder(fixture.Options{Seeds: 2, Rows: 300, Steps: 5}), fstest.MapFS{}
	files, err := eval.Compact(folder)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		small[name] = &fstest.MapFile{Data: data}
	}
	return folder, small
}

// A small copy gives the metrics and the price of the runs that it was made of, in a small part of the space, and is
// verified as they are.
func TestCompact(t *testing.T) {
	folder, small := compacted(t)
	was, err := eval.Build(folder)
	if err != nil {
		t.Fatal(err)
	}
	is, err := eval.Build(small)
	if err != nil {
		t.Fatal(err)
	}
	for i := range was.Runs {
		x, y := &was.Runs[i], &is.Runs[i]
		for j := range x.Splits {
			if x.Splits[j].Metrics.Accuracy != y.Splits[j].Metrics.Accuracy || x.Splits[j].Dataset != y.Splits[j].Dataset {
				t.Errorf("%s: split %+v, was %+v", y.Run.Name, y.Splits[j], x.Splits[j])
			}
		}
		if (x.Privacy == nil) != (y.Privacy == nil) || x.Privacy != nil && x.Privacy.Epsilon != y.Privacy.Epsilon {
			t.Errorf("%s: privacy %+v, was %+v", y.Run.Name, y.Privacy, x.Privacy)
		}
	}
	if before, after := bytesIn(folder), bytesIn(small); after > before/10 {
		t.Errorf("%d bytes of %d are left: no tenth", after, before)
	}
	text, err := is.JSON()
	if err != nil {
		t.Fatal(err)
	}
	if v, err := eval.Verify(small, text); err != nil || len(v.Problems) > 0 {
		t.Errorf("verification %+v, %v", v, err)
	}
	name := is.Runs[0].Splits[0].File
	small[name].Data[len(small[name].Data)/2] ^= 1
	if v, err := eval.Verify(small, text); err != nil || len(v.Problems) == 0 {
		t.Errorf("an edited file was not seen: %+v, %v", v, err)
	}
}

func bytesIn(folder fstest.MapFS) (n int) {
	for _, file := range folder {
		n += len(file.Data)
	}
	return n
}

// Predictions in columns are read as they were written; what breaks a rule is named with its row.
func TestPredictionColumns(t *testing.T) {
	header := `{"schema":"ewtune.predictions/v1","task":"sst2","split":"dev","dataset":"d","model":"m","labels":["0","1"],"rows":3,"scores":"","layout":"columns"}` + "\n"
	good := header + `{"labels":"01-","predictions":"110"}` + "\n"
	p, err := eval.ReadPredictions(strings.NewReader(good), "p")
	if err != nil || len(p.Rows) != 3 || p.Rows[1].Label != 1 || p.Rows[2].Label != -1 || p.Rows[0].Prediction != 1 {
		t.Fatalf("%+v, %v", p, err)
	}
	var again bytes.Buffer
	if err := eval.WritePredictions(&again, p); err != nil || again.String() != good {
		t.Errorf("written %q, %v; want %q", again.String(), err, good)
	}
	for text, want := range map[string]string{
		header + `{"labels":"01","predictions":"110"}`:  "p:2: 2 labels and 3 predictions",
		header + `{"labels":"012","predictions":"110"}`: "p:2: row_id 2: label 2",
		header + `{"labels":"01/","predictions":"110"}`: "p:2: row_id 2: label '/'",
		header + `{"labels":"01-","predictions":"1x0"}`: "p:2: row_id 1: prediction 72",
		header + `{"labels":"01-","predictions":"11-"}`: "p:2: row_id 2: prediction -3",
		good + `{"labels":"01-","predictions":"110"}`:   "p:3: a third line",
		header: "p: row_id 0: missing",
		strings.Replace(header, "columns", "rows", 1):                                          `p:1: layout "rows"`,
		strings.Replace(header, `"scores":""`, `"scores":"logit"`, 1):                          `p:1: scores "logit": the layout columns has none`,
		strings.Replace(good, `["0","1"]`, `["0","1","2","3","4","5","6","7","8","9","x"]`, 1): "p:1: 11 labels",
	} {
		if _, err := eval.ReadPredictions(strings.NewReader(text), "p"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}
