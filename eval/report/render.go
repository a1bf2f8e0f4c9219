package report

import (
	"github.com/ewtune/ewtune/eval"
)

// File is a rendered file: its name in the run folder and its content.
type File struct {
	Name string
	Data []byte
}

// Options of the renderers; the zero value is the default.
type Options struct {
	// Calculator is the address of the calculator page that report.html links to; "" means calculator.html beside it.
	Calculator string
}

func (o Options) calculator() string {
	if o.Calculator == "" {
		return "calculator.html"
	}
	return o.Calculator
}

// Render renders what every run folder holds: report.json, report.md, report.html, junit.xml and DP_STATEMENT.md. The
// same report gives the same bytes.
func Render(r *eval.Report, o Options) ([]File, error) {
	text, err := r.JSON()
	if err != nil {
		return nil, err
	}
	page, err := HTML(r, o)
	if err != nil {
		return nil, err
	}
	return []File{
		{"report.json", text},
		{"report.md", Markdown(r)},
		{"report.html", page},
		{"junit.xml", JUnit(r, nil)},
		{"DP_STATEMENT.md", Statement(r)},
	}, nil
}
