package pipeline

import (
	"encoding/json"
	"os"
	"os/exec"
	"strconv"
	"testing"

	"github.com/apache/arrow/go/v15/arrow/array"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// TestReadBack lets pyarrow and DuckDB read the shards and compares schema and sums with what we read.
func TestReadBack(t *testing.T) {
	python := os.Getenv("EWTUNE_PYTHON")
	if python == "" {
		t.Skip("EWTUNE_PYTHON is not set: an interpreter with pyarrow and duckdb")
	}
	for _, compression := range []string{"none", "zstd"} {
		t.Run(compression, func(t *testing.T) {
			o := preparation4(t, "mnli", 3000)
			o.Compression = compression
			m, err := Prepare(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			command := exec.CommandContext(t.Context(), python, "testdata/readback.py", o.Out)
			command.Stderr = os.Stderr
			out, err := command.Output()
			if err != nil {
				t.Fatal(err)
			}
			var got struct {
				Schema          []string
				Rows, Tokens    int64
				Distinct, Agree int64
				Weighted        string
			}
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			want := []string{"row_id: int64 not null", "input_ids: list<item: int32 not null> not null",
				"token_type_ids: list<item: int8 not null> not null", "length: int32 not null", "label: int32 not null"}
			if !equal(got.Schema, want) {
				t.Errorf("schema %q, want %q", got.Schema, want)
			}
			if got.Rows != m.Rows || got.Tokens != m.Tokens || got.Distinct != m.Rows || got.Agree != m.Rows {
				t.Errorf("got %+v, want %d rows and %d tokens", got, m.Rows, m.Tokens)
			}
			if sum := weightedSum(t, o.Out); got.Weighted != strconv.FormatInt(sum, 10) {
				t.Errorf("weighted sum %s, ours %d", got.Weighted, sum)
			}
		})
	}
}

// weightedSum adds up row_id times the row's ids, and the labels.
func weightedSum(t *testing.T, dir string) (sum int64) {
	t.Helper()
	shards, err := OpenShards(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer shards.Close()
	for row := range int64(shards.Len()) {
		record, err := shards.Read(t.Context(), []int64{row})
		if err != nil {
			t.Fatal(err)
		}
		for _, id := range record.Column(trainer.ColumnInputIDs).(*array.List).ListValues().(*array.Int32).Int32Values() {
			sum += row * int64(id)
		}
		sum += int64(record.Column(trainer.ColumnLabel).(*array.Int32).Value(0))
		record.Release()
	}
	return sum
}
