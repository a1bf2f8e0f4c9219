package report

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"math"

	"github.com/ewtune/ewtune/eval"
)

// Publication is what a page of results says beside what the report holds; the zero value says nothing.
type Publication struct {
	About []byte // markdown below the headline: what was run, what is shown and what is not
	Peers []Peer // the same runs by other programs
}

// Results renders a matrix of runs for publication: for each task and budget what every accountant's noise costs and
// leaves, with the certified ε beside each claim, the noise that is saved against Rényi DP, paired tests over seeds,
// the same runs by other programs, and the hash of the report that holds the rest.
func Results(r *eval.Report, with Publication) ([]byte, error) {
	text, err := r.JSON()
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	verdict, _ := headline(r)
	fmt.Fprintf(&out, "# Results\n\n%s\n", verdict)
	if len(with.About) > 0 {
		fmt.Fprintf(&out, "\n%s\n", bytes.TrimSpace(with.About))
	}
	for _, cell := range budgets(r) {
		fmt.Fprintf(&out, "\n## %s, %s training rows, %s at (ε = %g, δ = %s)\n\n", taskName(cell[0].Task), count(cell[0].Rows), cell[0].Method, cell[0].Target, delta(cell[0].Delta))
		markdownTable(&out, []string{"noise set by", "noise multiplier", "against RDP", "certified ε", "claim", "split", "accuracy", "95 % over seeds", "95 % over rows", "F1", "majority", "no privacy"}, resultsRows(cell))
	}
	markdownTests(&out, r)
	if rows := peerRows(r, with.Peers); len(rows) > 0 {
		fmt.Fprint(&out, "\n## The same runs elsewhere\n\nSame model, data, trained weights, expected batch, noise and epochs.\n\n")
		markdownTable(&out, peerColumns, rows)
	}
	markdownWarnings(&out, r)
	fmt.Fprintf(&out, "\n## Where the numbers come from\n\n%s of predictions, ledgers and settings; `ewtune eval verify` computes everything from them again.\nSHA-256 of report.json: `%x`.\n",
		several(len(r.Files), "file", "files"), sha256.Sum256(text))
	return out.Bytes(), nil
}

// budgets groups the private settings that differ in the accountant alone, in their order.
func budgets(r *eval.Report) [][]*eval.Setting {
	var cells [][]*eval.Setting
next:
	for i := range r.Settings {
		s := &r.Settings[i]
		if s.Privacy == nil {
			continue
		}
		for j, cell := range cells {
			if c := cell[0]; c.Task == s.Task && c.Method == s.Method && c.Model == s.Model && c.Data == s.Data && c.Rows == s.Rows && c.Target == s.Target && c.Delta == s.Delta {
				cells[j] = append(cell, s)
				continue next
			}
		}
		cells = append(cells, []*eval.Setting{s})
	}
	return cells
}

func resultsRows(cell []*eval.Setting) [][]string {
	rdp := 0.0
	for _, s := range cell {
		if s.Accountant == "rdp" {
			rdp = s.Privacy.NoiseMultiplier
		}
	}
	var lines [][]string
	for _, s := range cell {
		saved := "–"
		if rdp > 0 {
			saved = fmt.Sprintf("%+.1f\u2009%%", 100*(s.Privacy.NoiseMultiplier/rdp-1))
		}
		for _, split := range s.Splits {
			accuracy, seeds := percent(split.Accuracy.Value), "–"
			if n := len(split.Values); n > 1 {
				accuracy, seeds = fmt.Sprintf("%s ± %.1f (%d seeds)", accuracy, 100*split.Deviation, n), within(split.Accuracy)
			}
			rows := eval.Wilson(int(math.Round(split.Accuracy.Value*float64(split.Rows))), split.Rows)
			lines = append(lines, []string{accountantName(s.Accountant), sigma(s.Privacy.NoiseMultiplier), saved, interval(s.Privacy.Epsilon), verdict(s.Privacy),
				split.Split, accuracy, seeds, within(rows), share(split.F1), percent(split.Majority), share(split.Baseline)})
		}
	}
	return lines
}
