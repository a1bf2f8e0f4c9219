package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/ewtune/ewtune/eval"
)

// metric is a gauge of OpenMetrics: for each run some samples, each a set of labels and a value.
type metric struct {
	name, help string
	samples    func(*eval.RunReport) []sample
}

type sample struct {
	labels string
	value  float64
}

var metrics = []metric{
	{"ewtune_accuracy", "Share of rows predicted right.", accuracySamples(func(e eval.Estimate) float64 { return e.Value })},
	{"ewtune_accuracy_lower", "Lower end of the 95 % interval of the accuracy.", accuracySamples(func(e eval.Estimate) float64 { return e.Lower })},
	{"ewtune_epsilon_upper", "Certified upper bound on epsilon, computed from the ledger.", privacySamples(func(p *eval.Privacy) float64 { return p.Epsilon.Upper })},
	{"ewtune_noise_multiplier", "Noise standard deviation over the clipping norm.", privacySamples(func(p *eval.Privacy) float64 { return p.NoiseMultiplier })},
	{"ewtune_guarantee", "1 if the guarantee and the claimed budget hold, else 0.", privacySamples(func(p *eval.Privacy) float64 {
		if p.Guarantee && p.ClaimHolds {
			return 1
		}
		return 0
	})},
}

// OpenMetrics renders the figures of every run in the OpenMetrics text format, for Prometheus and its kin.
func OpenMetrics(r *eval.Report) []byte {
	var out bytes.Buffer
	for _, m := range metrics {
		fmt.Fprintf(&out, "# TYPE %s gauge\n# HELP %s %s\n", m.name, m.name, m.help)
		for i := range r.Runs {
			for _, s := range m.samples(&r.Runs[i]) {
				fmt.Fprintf(&out, "%s{%s} %s\n", m.name, s.labels, exact(s.value))
			}
		}
	}
	out.WriteString("# EOF\n")
	return out.Bytes()
}

func accuracySamples(value func(eval.Estimate) float64) func(*eval.RunReport) []sample {
	return func(run *eval.RunReport) []sample {
		var all []sample
		for _, s := range run.Splits {
			all = append(all, sample{labels("run", run.Run.Name, "task", run.Run.Task, "split", s.Split), value(s.Metrics.Accuracy)})
		}
		return all
	}
}

func privacySamples(value func(*eval.Privacy) float64) func(*eval.RunReport) []sample {
	return func(run *eval.RunReport) []sample {
		if run.Privacy == nil {
			return nil
		}
		return []sample{{labels("run", run.Run.Name, "task", run.Run.Task, "delta", exact(run.Privacy.Delta)), value(run.Privacy)}}
	}
}

// labels writes name="value" pairs, escaped as the format asks.
func labels(pairs ...string) string {
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	var all []string
	for i := 0; i < len(pairs); i += 2 {
		all = append(all, pairs[i]+`="`+escape.Replace(pairs[i+1])+`"`)
	}
	return strings.Join(all, ",")
}
