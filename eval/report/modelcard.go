package report

import (
	"bytes"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/ewtune/ewtune/eval"
)

// ModelCard renders README.md of a model on the Hugging Face hub: the metadata block with results, the results as a
// table, and the privacy statement.
func ModelCard(r *eval.Report) []byte {
	var out bytes.Buffer
	fmt.Fprint(&out, "---\nlibrary_name: ewtune\npipeline_tag: text-classification\ntags:\n- differential-privacy\n- text-classification\nmetrics:\n- accuracy\n- f1\n")
	fmt.Fprint(&out, "model-index:\n")
	for _, s := range shown(r) {
		cardResults(&out, s, representative(r, s).Run.Data.Public)
	}
	fmt.Fprint(&out, "---\n\n# Model card\n\n")
	verdict, _ := headline(r)
	fmt.Fprintf(&out, "%s\n\n", verdict)
	markdownTable(&out, columns, results(r))
	fmt.Fprintf(&out, "\n%s\n\n", legend)
	out.Write(headings.ReplaceAll(Statement(r), []byte("#$1")))
	return out.Bytes()
}

// headings finds the headings of the statement, which stand one level deeper in the card.
var headings = regexp.MustCompile(`(?m)^(#+ )`)

// hubSplit is a split's name in nyu-mll/glue.
func hubSplit(task, split string) string {
	name := strings.Replace(split, "dev", "validation", 1)
	if task == "mnli" && name == "validation" {
		return "validation_matched"
	}
	return name
}

// cardResults writes one setting as an entry of model-index. Names are quoted: YAML reads JSON strings.
//
// Public training data is the generated corpus or another that is not GLUE's, and must not be taken for GLUE.
func cardResults(out *bytes.Buffer, s *eval.Setting, public bool) {
	dataset, splitOf := "nyu-mll/glue", hubSplit
	if public {
		dataset, splitOf = s.Data, func(_, split string) string { return split }
	}
	fmt.Fprintf(out, "- name: %s\n  results:\n", strconv.Quote(taskName(s.Task)+", "+settingName(s)))
	for _, split := range s.Splits {
		fmt.Fprintf(out, "  - task:\n      type: text-classification\n    dataset:\n      name: %s\n      type: %s\n      config: %s\n      split: %s\n    metrics:\n",
			strconv.Quote(s.Data), strconv.Quote(dataset), strconv.Quote(s.Task), strconv.Quote(splitOf(s.Task, split.Split)))
		fmt.Fprintf(out, "    - type: accuracy\n      value: %s\n", exact(split.Accuracy.Value))
		if split.F1 != nil {
			fmt.Fprintf(out, "    - type: f1\n      value: %s\n", exact(*split.F1))
		}
	}
}
