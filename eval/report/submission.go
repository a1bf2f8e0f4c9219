package report

import (
	"archive/zip"
	"bytes"
	"fmt"
	"strings"

	"github.com/ewtune/ewtune/eval"
)

// Submission makes the archive that the GLUE server takes: one file for each task and split with the header
// index<tab>prediction, one row for each test row. SST-2 and QQP are predicted by number, QNLI and MNLI by label name.
func Submission(all []*eval.Predictions) ([]byte, error) {
	if len(all) == 0 {
		return nil, fmt.Errorf("submission: no predictions of a test split")
	}
	var out bytes.Buffer
	archive := zip.NewWriter(&out)
	written := map[string]bool{}
	for _, p := range all {
		name, err := submissionName(p)
		if err != nil {
			return nil, err
		}
		if written[name] {
			return nil, fmt.Errorf("submission: %s: predicted twice, one model's predictions go in", name)
		}
		written[name] = true
		// A header without a time keeps the archive the same to the byte.
		w, err := archive.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate})
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(submissionRows(p)); err != nil {
			return nil, err
		}
	}
	if err := archive.Close(); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// submissionName is the file name that GLUE asks for.
func submissionName(p *eval.Predictions) (string, error) {
	name, ok := taskNames[p.Task]
	if !ok {
		return "", fmt.Errorf("submission: task %q: must be sst2, qnli, qqp or mnli", p.Task)
	}
	if p.Task == "mnli" {
		name += "-m"
		if strings.Contains(p.Split, "mismatched") {
			name += "m"
		}
	}
	return name + ".tsv", nil
}

func submissionRows(p *eval.Predictions) []byte {
	var out bytes.Buffer
	out.WriteString("index\tprediction\n")
	for _, row := range p.Rows {
		if p.Task == "sst2" || p.Task == "qqp" {
			fmt.Fprintf(&out, "%d\t%d\n", row.RowID, row.Prediction)
		} else {
			fmt.Fprintf(&out, "%d\t%s\n", row.RowID, p.Labels[row.Prediction])
		}
	}
	return out.Bytes()
}
