package report

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/ewtune/ewtune/eval"
)

// columns of the results, in the order of every renderer.
var columns = []string{"task", "setting", "rows", "q", "T", "noise", "certified ε", "order-1 estimate", "accuracy", "majority", "no privacy", "guarantee"}

// shown lists the settings that the results show: private ones, and of the others those that are no private run's
// baseline, since a baseline has a column.
func shown(r *eval.Report) []*eval.Setting {
	baselines := map[string]bool{}
	for i := range r.Runs {
		baselines[r.Runs[i].Run.Baseline] = true
	}
	var private, plain []*eval.Setting
	for i := range r.Settings {
		switch s := &r.Settings[i]; {
		case s.Privacy != nil:
			private = append(private, s)
		case !baselines[s.Runs[0]]:
			plain = append(plain, s)
		}
	}
	return append(private, plain...)
}

// results gives the cells of the results: one row for each split of each setting.
func results(r *eval.Report) [][]string {
	var rows [][]string
	for _, s := range shown(r) {
		for _, split := range s.Splits {
			rows = append(rows, resultRow(s, &split))
		}
	}
	return rows
}

func resultRow(s *eval.Setting, split *eval.SettingSplit) []string {
	row := []string{splitName(s.Task, split.Split), s.Method + ", " + accountantName(s.Accountant), count(s.Rows), "–", "–", "–", "–", "–"}
	if p := s.Privacy; p != nil {
		row = append(row[:3], fmt.Sprintf("%.5f", p.SamplingRate), count(p.Steps), sigma(p.NoiseMultiplier), interval(p.Epsilon), estimate(p.Edgeworth))
	}
	accuracy := percent(split.Accuracy.Value) + " (" + within(split.Accuracy) + ")"
	if n := len(split.Values); n > 1 {
		accuracy = fmt.Sprintf("%s ± %.1f, %d seeds", percent(split.Accuracy.Value), 100*split.Deviation, n)
	}
	return append(row, accuracy, percent(split.Majority), share(split.Baseline), verdict(s.Privacy))
}

// Table prints the results as aligned text, with what the columns mean below it.
func Table(w io.Writer, r *eval.Report) error {
	if err := aligned(w, append([][]string{columns}, results(r)...)); err != nil {
		return err
	}
	_, err := fmt.Fprintf(w, "\n%s\n", legend)
	return err
}

// aligned prints rows as columns, the first of which are words and the others numbers.
func aligned(w io.Writer, rows [][]string) error {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], utf8.RuneCountInString(cell))
		}
	}
	for _, row := range rows {
		if _, err := fmt.Fprintln(w, strings.TrimRight(alignedRow(row, widths), " ")); err != nil {
			return err
		}
	}
	return nil
}

const legend = "certified ε: proved interval, computed from the ledger alone. order-1 estimate: what the Edgeworth accountant of EW-Tune would have printed, not a guarantee. accuracy: with its 95 % interval, or standard deviation over seeds."

// alignedRow sets words left and numbers right.
func alignedRow(row []string, widths []int) string {
	var line strings.Builder
	for i, cell := range row {
		pad := strings.Repeat(" ", widths[i]-utf8.RuneCountInString(cell))
		if i < 2 || i == len(row)-1 {
			line.WriteString(cell + pad + "  ")
		} else {
			line.WriteString(pad + cell + "  ")
		}
	}
	return line.String()
}
