package report

import (
	"bytes"
	"fmt"
	"text/template"

	"github.com/ewtune/ewtune/accountant"
	"github.com/ewtune/ewtune/eval"
)

// Statement renders DP_STATEMENT.md: for each private setting what is protected, against whom, by how much, and what
// that rests on. It follows the questions of NIST SP 800-226 and the form of TensorFlow Privacy's
// compute_dp_sgd_privacy_statement. A disclosed noise seed or any other broken assumption turns the guarantee into
// the statement that there is none.
func Statement(r *eval.Report) []byte {
	var out bytes.Buffer
	fmt.Fprint(&out, "# Differential privacy statement\n\n")
	private := 0
	for i := range r.Settings {
		s := &r.Settings[i]
		if s.Privacy == nil {
			continue
		}
		private++
		// Only our own template can fail, and it fails on every report or on none.
		if err := statementTemplate.Execute(&out, statementOf(r, s)); err != nil {
			panic(err)
		}
	}
	if private == 0 {
		fmt.Fprint(&out, "No run of this report is private: there is nothing to state.\n")
	}
	return out.Bytes()
}

type statementView struct {
	Setting *eval.Setting
	Run     *eval.Run
	P       *eval.Privacy
	Title   string
	Seeds   int
	Audits  []eval.AuditResult
}

func statementOf(r *eval.Report, s *eval.Setting) statementView {
	run := representative(r, s)
	return statementView{s, &run.Run, run.Privacy, taskName(s.Task) + ", " + settingName(s), len(s.Runs), run.Audits}
}

// representative is the run of a setting that speaks for it: one without a guarantee if there is any, else the one
// that spent most.
func representative(r *eval.Report, s *eval.Setting) *eval.RunReport {
	var chosen *eval.RunReport
	for _, name := range s.Runs {
		run := r.Run(name)
		if chosen == nil || run.Privacy != nil && worse(run.Privacy, chosen.Privacy) {
			chosen = run
		}
	}
	return chosen
}

func worse(a, b *eval.Privacy) bool {
	if a.Guarantee != b.Guarantee {
		return !a.Guarantee
	}
	return a.Epsilon.Upper > b.Epsilon.Upper
}

var statementTemplate = template.Must(template.New("statement").Funcs(template.FuncMap{
	"count": count[int64], "upper": eval.FormatUpper, "interval": interval, "delta": delta, "sigma": sigma,
	"estimate": estimate, "number": number, "claimed": claimed,
	"percentOf": func(share float64) float64 { return 100 * share },
	"deref":     func(x *float64) float64 { return *x },
	"whole":     func(x *accountant.Interval) accountant.Interval { return *x },
}).Parse(statementText))

const statementText = `## {{.Title}}

{{if .P.Guarantee -}}
**Training satisfies ({{upper .P.Epsilon.Upper}}, {{delta .P.Delta}})-differential privacy** for the addition or removal of one training row{{if ne .P.Adjacency "add-remove"}} (adjacency: {{.P.Adjacency}}){{end}}, as far as the assumptions below hold.
{{- else -}}
**There is no privacy guarantee for this training.** An assumption that any guarantee rests on does not hold; the numbers below are what it would have been worth.
{{- end}}
{{- if .P.SeedDisclosed}}

**The seed of the noise is disclosed. Whoever knows it can compute the noise and subtract it: the guarantee is void.**
{{- end}}
{{- if and .P.Guarantee (not .P.ClaimHolds)}}

The run claimed epsilon {{.Run.Privacy.Epsilon}} at delta {{delta .Run.Privacy.Delta}}; **that claim is false**. The noise was set by the {{.Run.Privacy.Accountant}} accountant; the figure above is the certified one.
{{- end}}

| question | answer |
|---|---|
| Unit of privacy | one training row of {{.Run.Data.Name}} ({{count .Run.Data.Rows}} rows). No user-level guarantee is possible: how many rows one person wrote is not known |
| Adjacency | {{.P.Adjacency}} |
| What is released | the trained weights ({{.Run.Method}}, {{.Run.Method.Trained}} numbers trained), and every weight on the way |
| Mechanism | each row's gradient clipped to norm {{number .Run.Privacy.ClippingNorm}} ({{.Run.Privacy.ClippingMode}}), summed, Gaussian noise of {{sigma .P.NoiseMultiplier}} times that norm added at each step |
{{- with .P.ClippingNorms}}
| Moving clip | the norm lay between {{number (index . 0)}} and {{number (index . 1)}}; the ledger has it step by step |
{{- end}}
| Sampling | {{.P.Sampler}}, each row in a step with probability {{number .P.SamplingRate}} (expected {{number .Run.Training.ExpectedBatchSize}} rows) |
| Steps | {{count .P.Steps}}, as the ledger has them |
{{- if gt (len .P.Phases) 1}}
| Phases | the noise or the sampling changed: {{range $i, $p := .P.Phases}}{{if $i}}; {{end}}{{count $p.Steps}} steps of rate {{number $p.SamplingRate}} and noise {{sigma $p.NoiseMultiplier}}{{end}} |
{{- end}}
| Accountant | certified, from the ledger alone: epsilon in {{interval .P.Epsilon}} (removal {{interval .P.Remove}}, addition {{interval .P.Add}}) |
| Delta | {{delta .P.Delta}} |
| Claimed before training | {{claimed .Run.Privacy}} |
{{- if .P.Mu}}
| As a Gaussian mechanism | at this epsilon and delta the guarantee equals that of mu = {{printf "%.4f" (deref .P.Mu)}}; the run as a whole is not mu-GDP |
{{- end}}
{{- if .P.RDP}}
| Rényi DP, for comparison | at most {{upper (deref .P.RDP)}} |
{{- end}}
{{- if .P.Edgeworth}}
| Order-1 Edgeworth estimate | {{estimate .P.Edgeworth}}: what EW-Tune's accountant would have printed. An estimate, **not a guarantee** |
{{- end}}
{{- if .P.AllTrials}}
| Tuning | chosen of {{.Run.Privacy.Trials}} runs on the same data: all of them together cost epsilon {{interval (whole .P.AllTrials)}} at the same delta |
{{- end}}
{{- range .Audits}}
| Audit, {{.Kind}} canaries | {{.Correct}} of {{.Guesses}} guesses right{{if .Bounds}}: epsilon is at least {{printf "%.3f" .Lower}} with {{printf "%.0f" (percentOf .Confidence)}} % confidence{{end}}; membership AUC {{printf "%.3f" .Membership.AUC}}{{with .Exposure}}; exposure of secrets {{printf "%.2f" .Mean}} bits on average, {{printf "%.2f" .Max}} at most, of {{printf "%.2f" .Limit}}{{end}} |
{{- end}}

| false positive rate of any attack | it misses at least |
|---|---|
{{range .P.TradeOff}}| {{number .Alpha}} | {{number .Beta}} |
{{end}}
| assumption | state | why |
|---|---|---|
{{range .P.Assumptions}}| {{.Name}} | {{.State}} | {{.Why}} |
{{end}}
Seeds of this setting: {{.Seeds}}; each was trained on the same data, so releasing all of them costs more than one.

`
