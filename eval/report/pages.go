package report

import (
	"bytes"
	"errors"
	"fmt"
	"html"
	"io/fs"
	"regexp"

	"github.com/ewtune/ewtune/eval"
)

// VerifyPages renders the pages that stand beside report.json again and names those that say something else, or are
// missing. A report made elsewhere has no pages and loses nothing by it: where none of them is there, none is missed.
func VerifyPages(folder fs.FS, text []byte) ([]eval.Problem, error) {
	r, err := eval.ReadReport(text, "report.json")
	if err != nil {
		return nil, err
	}
	files, err := Render(r, Options{Calculator: calculatorOf(folder)})
	if err != nil {
		return nil, err
	}
	var problems []eval.Problem
	present := 0
	for _, file := range files[1:] {
		page, err := fs.ReadFile(folder, file.Name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			problems = append(problems, eval.Problem{Where: file.Name, Stated: "a page of the report", Computed: "the file is missing"})
			continue
		case err != nil:
			return nil, err
		}
		present++
		if line, ok := firstDifference(page, file.Data); !ok {
			problems = append(problems, eval.Problem{Where: fmt.Sprintf("%s:%d", file.Name, line), Stated: "the report's page", Computed: "other text than report.json gives"})
		}
	}
	if present == 0 {
		return nil, nil
	}
	return problems, nil
}

var calculatorLink = regexp.MustCompile(`<a href="([^"#]*)#sampling_rate=`)

// calculatorOf reads from the page which calculator it links to: the one thing that report.json does not decide.
func calculatorOf(folder fs.FS) string {
	page, err := fs.ReadFile(folder, "report.html")
	if err != nil {
		return ""
	}
	if match := calculatorLink.FindSubmatch(page); match != nil {
		return html.UnescapeString(string(match[1]))
	}
	return ""
}

// firstDifference gives the line of the first difference; ok says that there is none.
func firstDifference(a, b []byte) (line int, ok bool) {
	if bytes.Equal(a, b) {
		return 0, true
	}
	at := 0
	for at < len(a) && at < len(b) && a[at] == b[at] {
		at++
	}
	return 1 + bytes.Count(a[:at], []byte("\n")), false
}
