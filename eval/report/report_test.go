package report_test

import (
	"archive/zip"
	"bytes"
	"encoding/xml"
	"fmt"
	"io"
	"regexp"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/fixture"
	"github.com/ewtune/ewtune/eval/report"
	"gopkg.in/yaml.v3"
)

// render renders the report of a made-up folder, by file name.
func render(t *testing.T, o fixture.Options) (*eval.Report, map[string]string) {
	t.Helper()
	r, err := eval.Build(fixture.Folder(o))
	if err != nil {
		t.Fatal(err)
	}
	files, err := report.Render(r, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, f := range files {
		all[f.Name] = string(f.Data)
	}
	return r, all
}

var (
	four   = fixture.Options{Rows: 200, Steps: 1}
	matrix = fixture.Options{Rows: 200, Seeds: 5, Accountants: []string{"certified", "edgeworth", "rdp"}}
)

// Sizes are those of the places where reports are read: 300 KB a page, 64 KB a pull-request comment.
func TestSizes(t *testing.T) {
	_, files := render(t, matrix) // 80 runs
	if n := len(files["report.html"]); n > 300<<10 {
		t.Errorf("report.html of 80 runs has %d bytes, want at most 300 KB", n)
	}
	if n := strings.Count(files["report.html"], `<details class="run"`); n != report.DetailLimit || !strings.Contains(files["report.html"], "4 more are in report.json") {
		t.Errorf("%d runs in detail, want %d and the number of the others", n, report.DetailLimit)
	}
	if n := len(files["report.md"]); n > report.MarkdownLimit {
		t.Errorf("report.md has %d bytes, want at most %d", n, report.MarkdownLimit)
	}
}

// The page needs nothing but itself: no script, no address outside it but links that a reader follows.
func TestPageStandsAlone(t *testing.T) {
	_, files := render(t, four)
	page := files["report.html"]
	for _, forbidden := range []string{"<script", "<link", "<img", "@import", "url(", "http://", "https://"} {
		if strings.Contains(page, forbidden) {
			t.Errorf("report.html holds %q", forbidden)
		}
	}
	if pictures, tables := strings.Count(page, `role="img"`), strings.Count(page, "<details><summary>Data of"); pictures == 0 || pictures != tables {
		t.Errorf("%d pictures, %d data tables: each picture must have one", pictures, tables)
	}
	if strings.Contains(page, "NaN") || strings.Contains(page, "Inf") {
		t.Error("report.html draws NaN or Inf")
	}
}

func TestPageLinksToTheCalculator(t *testing.T) {
	r, files := render(t, fixture.Options{Tasks: []string{"sst2"}, Rows: 50})
	want := `href="calculator.html#sampling_rate=0.02969606081753` // 2000/67349
	if !strings.Contains(files["report.html"], want) || !strings.Contains(files["report.html"], `noise_multiplier=0.5928&amp;steps=101&amp;delta=1e-05"`) {
		t.Errorf("no link with the run's plan %s", want)
	}
	page, err := report.HTML(r, report.Options{Calculator: "javascript:alert(1)//"})
	if err != nil {
		t.Fatal(err)
	}
	if bytes.Contains(page, []byte(`href="javascript:`)) {
		t.Error("an address that runs a script got into the page")
	}
}

// What a run names itself cannot break out of the page, the table or the XML.
func TestNamesAreEscaped(t *testing.T) {
	const evil = `</title><b>|&"'`
	r, err := eval.Build(fixture.Folder(fixture.Options{Tasks: []string{"sst2"}, Rows: 50, Steps: 1}))
	if err != nil {
		t.Fatal(err)
	}
	for i := range r.Settings {
		r.Settings[i].Method = evil
	}
	files, err := report.Render(r, report.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files[1:] {
		if f.Name == "report.html" && bytes.Contains(f.Data, []byte("<b>")) {
			t.Error("markup got into report.html")
		}
	}
	if !strings.Contains(string(report.Markdown(r)), `</title><b>\|&`) {
		t.Error("a bar got into a cell of report.md")
	}
}

// An estimate is never printed as a guarantee: wherever the order-1 value stands, the word estimate stands too.
func TestEstimatesAreMarked(t *testing.T) {
	r, files := render(t, fixture.Options{Tasks: []string{"sst2"}, Rows: 50})
	value := regexp.MustCompile(`\b` + regexp.QuoteMeta(report.Estimate(r.Runs[0].Privacy)) + `\b`)
	if lines := value.FindAllString(files["DP_STATEMENT.md"], -1); len(lines) != 1 {
		t.Fatalf("the estimate stands %d times in the statement, want once", len(lines))
	}
	for _, line := range strings.Split(files["DP_STATEMENT.md"], "\n") {
		if value.MatchString(line) && !strings.Contains(line, "**not a guarantee**") {
			t.Errorf("unmarked: %s", line)
		}
	}
	if !strings.Contains(files["report.md"], "not a guarantee") {
		t.Error("report.md does not say that the estimate is no guarantee")
	}
}

// The statement says what holds: a guarantee, a false claim, or nothing at all when the noise can be computed.
func TestStatement(t *testing.T) {
	for _, c := range []struct {
		name    string
		options fixture.Options
		change  func(*eval.Privacy)
		want    []string
		not     []string
	}{
		{"guarantee", fixture.Options{}, func(*eval.Privacy) {}, []string{"Training satisfies (7.99", "No user-level guarantee is possible"}, []string{"void", "that claim is false"}},
		{"false claim", fixture.Options{Accountants: []string{"edgeworth"}}, func(*eval.Privacy) {}, []string{"that claim is false", "noise set by the edgeworth accountant: estimate, not a guarantee"}, []string{"void"}},
		{"published seed", fixture.Options{}, func(p *eval.Privacy) { p.SeedDisclosed, p.Guarantee = true, false },
			[]string{"There is no privacy guarantee", "the guarantee is void"}, []string{"Training satisfies"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.options.Tasks, c.options.Rows = []string{"sst2"}, 50
			r, _ := render(t, c.options)
			for i := range r.Runs {
				if p := r.Runs[i].Privacy; p != nil {
					c.change(p)
				}
			}
			text := string(report.Statement(r))
			for _, want := range c.want {
				if !strings.Contains(text, want) {
					t.Errorf("the statement lacks %q:\n%s", want, text[:600])
				}
			}
			for _, not := range c.not {
				if strings.Contains(text, not) {
					t.Errorf("the statement says %q", not)
				}
			}
		})
	}
}

func TestJUnitIsXML(t *testing.T) {
	r, files := render(t, fixture.Options{Tasks: []string{"sst2"}, Rows: 50, Steps: 1})
	var suites struct {
		Tests    int `xml:"tests,attr"`
		Failures int `xml:"failures,attr"`
	}
	if err := xml.Unmarshal([]byte(files["junit.xml"]), &suites); err != nil || suites.Tests < 4 || suites.Failures != 0 {
		t.Errorf("junit.xml: %+v, %v", suites, err)
	}
	gates := []eval.GateResult{{Gate: "a", Subject: "r", State: eval.Fail, Why: "<&>"}, {Gate: "b", Subject: "r", State: eval.Inconclusive, Why: "w"}}
	if err := xml.Unmarshal(report.JUnit(r, gates), &suites); err != nil || suites.Tests != 2 || suites.Failures != 1 {
		t.Errorf("junit of gates: %+v, %v", suites, err)
	}
}

func TestAnnotations(t *testing.T) {
	var gates []eval.GateResult
	for range 20 {
		gates = append(gates, eval.GateResult{Gate: "max epsilon", Subject: "run", State: eval.Fail, Why: "100 %\nbad"})
	}
	lines := strings.Split(strings.TrimSpace(string(report.Annotations(gates))), "\n")
	if len(lines) != report.AnnotationLimit {
		t.Fatalf("%d annotations, want %d", len(lines), report.AnnotationLimit)
	}
	if want := "::error title=ewtune max epsilon%3A fail::run: 100 %25%0Abad"; lines[0] != want {
		t.Errorf("annotation %q, want %q", lines[0], want)
	}
	if !strings.Contains(lines[7], "13 more gates") {
		t.Errorf("last annotation %q", lines[7])
	}
}

// The metadata block is YAML with the results that the hub reads.
func TestModelCard(t *testing.T) {
	r, _ := render(t, four)
	parts := strings.SplitN(string(report.ModelCard(r)), "---\n", 3)
	block, page := parts[1], parts[2]
	var card struct {
		Index []struct {
			Name    string
			Results []struct {
				Dataset struct{ Split string }
				Metrics []struct {
					Type  string
					Value float64
				}
			}
		} `yaml:"model-index"`
	}
	if err := yaml.Unmarshal([]byte(block), &card); err != nil {
		t.Fatal(err)
	}
	if len(card.Index) != 4 || len(card.Index[0].Results) != 2 || card.Index[2].Results[0].Metrics[1].Type != "f1" {
		t.Errorf("model-index = %+v, want four tasks, MNLI with two results, QQP with F1", card.Index)
	}
	if a, b := card.Index[0].Results[0].Dataset.Split, card.Index[0].Results[1].Dataset.Split; a != "validation_matched" || b != "validation_mismatched" {
		t.Errorf("MNLI's splits are %q and %q: want the hub's names", a, b)
	}
	if strings.Count(page, "\n# ") != 1 || !strings.Contains(page, "\n## Differential privacy statement\n") || strings.Count(page, "\n### ") < 4 {
		t.Errorf("headings of the card do not nest:\n%s", page)
	}
}

func TestOpenMetrics(t *testing.T) {
	r, _ := render(t, four)
	text := string(report.OpenMetrics(r))
	line := regexp.MustCompile(`^(# (TYPE|HELP) ewtune_\w+ .+|ewtune_\w+\{(\w+="[^"]*",?)+\} [-+.e0-9]+|# EOF)$`)
	for _, l := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		if !line.MatchString(l) {
			t.Errorf("line %q is not OpenMetrics", l)
		}
	}
	if !strings.HasSuffix(text, "\n# EOF\n") {
		t.Error("the text does not end with # EOF")
	}
}

func TestSubmission(t *testing.T) {
	header := func(task, split string, labels ...string) *eval.Predictions {
		return &eval.Predictions{PredictionsHeader: eval.PredictionsHeader{Task: task, Split: split, Labels: labels},
			Rows: []eval.Prediction{{RowID: 0, Label: -1, Prediction: 1}, {RowID: 1, Label: -1, Prediction: 0}}}
	}
	archive, err := report.Submission([]*eval.Predictions{header("sst2", "test", "negative", "positive"),
		header("mnli", "test_mismatched", "entailment", "neutral", "contradiction")})
	if err != nil {
		t.Fatal(err)
	}
	files, err := zip.NewReader(bytes.NewReader(archive), int64(len(archive)))
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct{ name, text string }{
		{"SST-2.tsv", "index\tprediction\n0\t1\n1\t0\n"},
		{"MNLI-mm.tsv", "index\tprediction\n0\tneutral\n1\tentailment\n"},
	} {
		f, err := files.File[i].Open()
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(f)
		if err != nil || files.File[i].Name != want.name || string(text) != want.text {
			t.Errorf("file %s = %q, %v; want %s = %q", files.File[i].Name, text, err, want.name, want.text)
		}
	}
	if _, err := report.Submission([]*eval.Predictions{header("sst2", "test"), header("sst2", "test")}); err == nil {
		t.Error("one task was submitted twice")
	}
}

// The published matrix sets each accountant's noise against Rényi DP's and names the false claim.
func TestResults(t *testing.T) {
	r, _ := render(t, fixture.Options{Tasks: []string{"sst2"}, Rows: 200, Seeds: 5, Accountants: []string{"certified", "edgeworth", "rdp"}})
	text, err := report.Results(r, report.Publication{})
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"## SST-2, 67,349 training rows, lora-16 at (ε = 8, δ = 1e-5)",
		"| certified | 0.5928 | -6.3\u2009% | [7.99", "| edgeworth (estimate) | 0.5220 | -17.5\u2009% |", "| claim false |", "| rdp | 0.6324 | +0.0\u2009% |",
		"(5 seeds)", "| 95 % over rows |", "Wilcoxon", "SHA-256 of report.json: `",
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("RESULTS.md lacks %q:\n%s", want, text)
		}
	}
}

// Runs of another program stand beside the certified runs of the same seeds, and what breaks a rule is named.
func TestPeers(t *testing.T) {
	r, _ := render(t, fixture.Options{Tasks: []string{"sst2"}, Rows: 200, Seeds: 2, Accountants: []string{"certified", "rdp"}})
	lines := `{"peer":"Opacus","task":"sst2","split":"dev","method":"lora-16","seed":0,"epsilon":8,"noise_multiplier":0.5928,"rows":200,"correct":100,"seconds":1}
{"peer":"Opacus","task":"sst2","split":"dev","method":"lora-16","seed":1,"epsilon":8,"noise_multiplier":0.5928,"rows":200,"correct":120,"seconds":1}
{"peer":"Opacus","task":"sst2","split":"dev","method":"lora-16","seed":0,"epsilon":0,"noise_multiplier":0,"rows":200,"correct":150,"seconds":1}
{"peer":"Opacus","task":"qqp","split":"dev","method":"lora-16","seed":0,"epsilon":8,"noise_multiplier":0.5,"rows":200,"correct":150,"seconds":1}`
	peers, err := report.ReadPeers([]byte(lines), "peers")
	if err != nil {
		t.Fatal(err)
	}
	about := []byte("What is shown.\n")
	text, err := report.Results(r, report.Publication{About: about, Peers: peers})
	if err != nil {
		t.Fatal(err)
	}
	ours := r.Run("sst2-certified-0").Split("dev").Metrics.Accuracy.Value + r.Run("sst2-certified-1").Split("dev").Metrics.Accuracy.Value
	for _, want := range []string{
		"\nWhat is shown.\n", "| SST-2 | lora-16, ε 8 | 0.5928 | 2 | Opacus | 55.0\u2009% ± 7.1 |",
		fmt.Sprintf("| %+.2f (", 100*(ours/2-0.55)), "| SST-2 | lora-16, without privacy | – | 1 | Opacus | 75.0\u2009% |",
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("RESULTS.md lacks %q:\n%s", want, text)
		}
	}
	if bytes.Contains(text, []byte("| QQP")) {
		t.Error("a peer without a run of ours is shown")
	}
	for line, want := range map[string]string{
		`{"peer":"Opacus","rows":2,"correct":3}`:    "peers:1: correct 3 of rows 2",
		`{"peer":"Opacus","rows":2,"accuracy":0.5}`: `peers:1: json: unknown field "accuracy"`,
	} {
		if _, err := report.ReadPeers([]byte(line), "peers"); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v, want %s", line, err, want)
		}
	}
}
