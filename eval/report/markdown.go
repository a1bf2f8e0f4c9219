package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/ewtune/ewtune/eval"
)

// MarkdownLimit is the most bytes that Markdown gives: a pull-request comment holds 64 KB.
const MarkdownLimit = 60 << 10

// Markdown renders the report for a pull request, a step summary or a terminal.
func Markdown(r *eval.Report) []byte {
	var out bytes.Buffer
	verdict, _ := headline(r)
	fmt.Fprintf(&out, "# ewtune report\n\n%s\n\n## Results\n\n", verdict)
	markdownTable(&out, columns, results(r))
	fmt.Fprintf(&out, "\n%s\n", legend)
	markdownTests(&out, r)
	markdownWarnings(&out, r)
	markdownFiles(&out, r)
	return capped(out.Bytes(), MarkdownLimit)
}

func markdownTable(out *bytes.Buffer, header []string, rows [][]string) {
	fmt.Fprintf(out, "| %s |\n|%s\n", strings.Join(header, " | "), strings.Repeat("---|", len(header)))
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = strings.NewReplacer("|", `\|`, "\n", " ").Replace(cell)
		}
		fmt.Fprintf(out, "| %s |\n", strings.Join(cells, " | "))
	}
}

func markdownTests(out *bytes.Buffer, r *eval.Report) {
	if len(r.Tests) == 0 {
		return
	}
	fmt.Fprint(out, "\n## Accountants compared\n\nPaired over seeds (Wilcoxon signed-rank, two-sided; Holm over all rows).\n\n")
	markdownTable(out, testColumns, testRows(r))
}

var testColumns = []string{"task", "setting", "old → new", "seeds", "difference in points", "95 % interval", "p", "p (Holm)"}

func testRows(r *eval.Report) [][]string {
	var rows [][]string
	for _, t := range r.Tests {
		rows = append(rows, []string{splitName(t.Task, t.Split), fmt.Sprintf("%s, ε %g", t.Method, t.Target), accountantName(t.Old) + " → " + accountantName(t.New),
			count(t.Seeds), fmt.Sprintf("%+.2f", 100*t.Difference.Value), fmt.Sprintf("%+.2f to %+.2f", 100*t.Difference.Lower, 100*t.Difference.Upper),
			fmt.Sprintf("%.3g", t.P), fmt.Sprintf("%.3g", t.PHolm)})
	}
	return rows
}

func markdownWarnings(out *bytes.Buffer, r *eval.Report) {
	lines := warnings(r)
	if len(lines) == 0 {
		return
	}
	fmt.Fprint(out, "\n## Warnings\n\n")
	for _, line := range lines {
		fmt.Fprintf(out, "- %s\n", line)
	}
}

// warningLimit is the most warnings that pages list; report.json holds all.
const warningLimit = 24

// warnings lists warnings, each once with the runs that it is about.
func warnings(r *eval.Report) []string {
	about, order := map[string][]string{}, []string{}
	for i := range r.Runs {
		for _, w := range r.Runs[i].Warnings {
			if about[w] == nil {
				order = append(order, w)
			}
			about[w] = append(about[w], r.Runs[i].Run.Name)
		}
	}
	var lines []string
	for _, w := range order {
		lines = append(lines, runsNamed(about[w])+": "+w)
	}
	if left := len(lines) - warningLimit; left > 0 {
		lines = append(lines[:warningLimit], fmt.Sprintf("%d more in report.json", left))
	}
	return lines
}

// runsNamed names up to three runs.
func runsNamed(names []string) string {
	if len(names) > 3 {
		return fmt.Sprintf("%s, %s and %d more runs", names[0], names[1], len(names)-2)
	}
	return strings.Join(names, ", ")
}

func markdownFiles(out *bytes.Buffer, r *eval.Report) {
	fmt.Fprint(out, "\n## Files\n\nRecompute everything from them with `ewtune eval verify` in this folder.\n\n")
	var rows [][]string
	for _, f := range r.Files {
		rows = append(rows, []string{f.Path, count(f.Bytes), "`" + f.SHA256[:16] + "…`"})
	}
	markdownTable(out, []string{"file", "bytes", "SHA-256"}, rows)
}

// capped cuts text at a line end and says so.
func capped(text []byte, limit int) []byte {
	const note = "\n(cut here: report.json holds the rest)\n"
	if len(text) <= limit {
		return text
	}
	end := bytes.LastIndexByte(text[:limit-len(note)], '\n')
	return append(text[:end+1:end+1], note...)
}
