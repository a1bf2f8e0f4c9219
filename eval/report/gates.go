package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"

	"github.com/ewtune/ewtune/eval"
)

// GateTable prints one line for each gate, its state first.
func GateTable(w io.Writer, gates []eval.GateResult) error {
	for _, g := range gates {
		if _, err := fmt.Fprintf(w, "%-12s  %s: %s: %s\n", strings.ToUpper(g.State), g.Subject, g.Gate, g.Why); err != nil {
			return err
		}
	}
	return nil
}

// GateMarkdown renders gates for a step summary, those that did not pass first.
func GateMarkdown(gates []eval.GateResult) []byte {
	var out bytes.Buffer
	fmt.Fprintf(&out, "## ewtune gates: %s\n\n", eval.WorstState(gates))
	var rows [][]string
	for _, state := range []string{eval.Fail, eval.Inconclusive, eval.Pass} {
		for _, g := range gates {
			if g.State == state {
				rows = append(rows, []string{state, g.Gate, g.Subject, g.Why})
			}
		}
	}
	markdownTable(&out, []string{"state", "gate", "run", "why"}, rows)
	return capped(out.Bytes(), MarkdownLimit)
}

// AuditText prints an audit in words.
func AuditText(w io.Writer, a *eval.AuditResult) error {
	var out bytes.Buffer
	if a.Bounds() {
		fmt.Fprintf(&out, "epsilon at least %.4f at delta %s, with %.0f %% confidence: ", a.Lower, delta(a.Delta), 100*a.Confidence)
	}
	fmt.Fprintf(&out, "%d of %d guesses right on %d canaries (%s)\n", a.Correct, a.Guesses, a.Canaries, a.Kind)
	m := a.Membership
	fmt.Fprintf(&out, "membership inference: AUC %.4f, advantage %.4f, %d members, %d others\n", m.AUC, m.Advantage, m.Members, m.NonMembers)
	for _, point := range m.Points {
		fmt.Fprintf(&out, "  TPR at %g FPR: %.4f, %.0f %% interval [%.4f, %.4f]\n", point.FPR, point.TPR.Value, 100*a.Confidence, point.TPR.Lower, point.TPR.Upper)
	}
	if e := a.Exposure; e != nil {
		fmt.Fprintf(&out, "exposure of %d secrets among %d candidates: mean %.2f bits, largest %.2f of %.2f\n", e.Secrets, e.Candidates, e.Mean, e.Max, e.Limit)
	}
	_, err := w.Write(out.Bytes())
	return err
}
