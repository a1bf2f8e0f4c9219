package report

import (
	"bytes"
	_ "embed"
	"fmt"
	"html/template"
	"slices"

	"github.com/ewtune/ewtune/eval"
)

//go:embed page.tmpl.html
var pageText string

//go:embed page.css
var pageStyle string

// DetailLimit is the most settings that report.html shows in detail; report.json holds all. It keeps the page of a
// large matrix within 300 KB.
const DetailLimit = 8

// fileLimit is the most files that report.html lists.
const fileLimit = 100

// HTML renders one page that needs no network, script or other file. Every picture is SVG with its data in a table
// below it; colours follow the reader's choice of light, dark or forced colours.
func HTML(r *eval.Report, o Options) ([]byte, error) {
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, newPage(r, o)); err != nil {
		return nil, fmt.Errorf("report.html: %w", err)
	}
	return out.Bytes(), nil
}

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"percent": percent, "within": within, "interval": interval, "upper": eval.FormatUpper, "sigma": sigma, "delta": delta,
	"number": number, "count": count[int], "count64": count[int64], "estimate": estimate, "accountantName": accountantName, "claimed": claimed,
	"heat":  func(part, whole int) int { return min(9, 10*part/max(1, whole)) },
	"short": func(hash string) string { return hash[:min(len(hash), 16)] },
}).Parse(pageText))

// page is what the template shows.
type page struct {
	Style    template.CSS
	Title    string
	Verdict  string
	Holds    bool
	Facts    []fact
	Header   []string
	Results  []resultLine
	Legend   string
	Figures  []*figure
	Tests    [][]string
	TestHead []string
	Warnings []string
	Details  []detail
	Omitted  int
	Files    []eval.FileHash
	Schema   string

	FilesOmitted  int
	EpsilonColumn int // of the results: the one that links to the calculator
}

// fact is one large number at the top.
type fact struct{ Value, Label, Note string }

// resultLine is a row of the results, its guarantee in a word.
type resultLine struct {
	Cells   []string
	Verdict string
	Class   string
	Link    string // calculator with the run's plan
}

// detail is one run in full.
type detail struct {
	ID      string
	Title   string
	Run     *eval.RunReport
	Link    string
	Curves  []*figure
	Figures []*figure
}

func newPage(r *eval.Report, o Options) *page {
	p := &page{Style: template.CSS(pageStyle), Title: title(r), Header: columns[:len(columns)-1], Legend: legend,
		TestHead: testColumns, Tests: testRows(r), Warnings: warnings(r), Files: r.Files[:min(len(r.Files), fileLimit)], Schema: r.Schema}
	p.EpsilonColumn = slices.Index(columns, "certified ε")
	p.FilesOmitted = len(r.Files) - len(p.Files)
	p.Verdict, p.Holds = headline(r)
	p.Facts = facts(r)
	p.results(r, o)
	for _, f := range []*figure{accuracyFigure(r), epsilonFigure(r)} {
		if f != nil {
			p.Figures = append(p.Figures, f)
		}
	}
	all := shown(r)
	p.Omitted = max(0, len(all)-DetailLimit)
	for i, s := range all[:len(all)-p.Omitted] {
		p.Details = append(p.Details, newDetail(r, s, fmt.Sprintf("run-%d", i+1), o))
	}
	return p
}

func title(r *eval.Report) string {
	tasks, seen := 0, map[string]bool{}
	for i := range r.Settings {
		if !seen[r.Settings[i].Task] {
			seen[r.Settings[i].Task] = true
			tasks++
		}
	}
	if tasks == 1 {
		return taskName(r.Settings[0].Task) + ": what privacy cost, and what it left"
	}
	return "What privacy cost, and what it left"
}

// results adds a line for each split of each setting, in the order of [results].
func (p *page) results(r *eval.Report, o Options) {
	var links []string
	for _, s := range shown(r) {
		for range s.Splits {
			links = append(links, permalink(o.calculator(), representative(r, s).Privacy))
		}
	}
	for i, row := range results(r) {
		word := row[len(row)-1]
		class := map[string]string{"holds": "good", "not private": "plain"}[word]
		if class == "" {
			class = "bad"
		}
		p.Results = append(p.Results, resultLine{row[:len(row)-1], word, class, links[i]})
	}
}

func newDetail(r *eval.Report, s *eval.Setting, id string, o Options) detail {
	run := representative(r, s)
	d := detail{ID: id, Title: taskName(s.Task) + " · " + settingName(s), Run: run, Link: permalink(o.calculator(), run.Privacy), Curves: curveFigures(id, run)}
	for i, split := range run.Splits {
		if f := reliabilityFigure(fmt.Sprintf("%s-reliability-%d", id, i+1), split.Metrics.Calibration); f != nil {
			if len(run.Splits) > 1 {
				f.Title += ", " + split.Split
			}
			d.Figures = append(d.Figures, f)
		}
	}
	if f := tradeOffFigure(id+"-tradeoff", run.Privacy); f != nil {
		d.Figures = append(d.Figures, f)
	}
	return d
}
