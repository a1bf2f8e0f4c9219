package report

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/eval"
)

// headline is the report's outcome in a sentence, and whether every guarantee and claim holds.
func headline(r *eval.Report) (string, bool) {
	runs, broken, exceeded := 0, 0, 0
	for i := range r.Runs {
		switch p := r.Runs[i].Privacy; {
		case p == nil:
			continue
		case !p.Guarantee:
			broken++
		case !p.ClaimHolds:
			exceeded++
		}
		runs++
	}
	switch {
	case runs == 0:
		return fmt.Sprintf("%s, none of them private.", several(len(r.Runs), "run", "runs")), true
	case broken > 0:
		return fmt.Sprintf("%s of %s without a guarantee: an assumption does not hold.", count(broken), several(runs, "private run", "private runs")), false
	case exceeded > 0:
		return fmt.Sprintf("%s of %s spent more than claimed: the certified epsilon is above the claim.", count(exceeded), several(runs, "private run", "private runs")), false
	}
	if runs == 1 {
		return "The private run is within its claimed budget by a certified bound.", true
	}
	return fmt.Sprintf("%d private runs, each within its claimed budget by a certified bound.", runs), true
}

// facts are the numbers to take away.
func facts(r *eval.Report) []fact {
	var all []fact
	if f, ok := epsilonFact(r); ok {
		all = append(all, f)
	}
	if f, ok := estimateFact(r); ok {
		all = append(all, f)
	}
	return append(all, accuracyFacts(r)...)
}

// epsilonFact is the highest certified epsilon of the report.
func epsilonFact(r *eval.Report) (fact, bool) {
	highest, at := 0.0, -1
	for i := range r.Settings {
		if p := r.Settings[i].Privacy; p != nil && p.Epsilon.Upper > highest {
			highest, at = p.Epsilon.Upper, i
		}
	}
	if at < 0 {
		return fact{}, false
	}
	return fact{"ε ≤ " + eval.FormatUpper(highest), "certified, the highest of all runs", "at δ = " + delta(r.Settings[at].Delta) + ", from the ledger alone"}, true
}

// estimateFact tells by how much the paper's accountant would have under-reported at most.
func estimateFact(r *eval.Report) (fact, bool) {
	gap, at := math.Inf(-1), -1
	for i := range r.Settings {
		if p := r.Settings[i].Privacy; p != nil && p.Edgeworth != nil && p.Epsilon.Lower-*p.Edgeworth > gap {
			gap, at = p.Epsilon.Lower-*p.Edgeworth, i
		}
	}
	if at < 0 {
		return fact{}, false
	}
	s := r.Settings[at]
	side := "below"
	if gap < 0 {
		side, gap = "above", -gap
	}
	return fact{"ε ≈ " + estimate(s.Privacy.Edgeworth), "order-1 estimate, no guarantee", fmt.Sprintf("%.3f %s the certified value on %s", gap, side, taskName(s.Task))}, true
}

// accuracyFacts average the private accuracies, and what stands above and below them.
func accuracyFacts(r *eval.Report) []fact {
	private, majority, plain, n, withPlain := 0.0, 0.0, 0.0, 0, 0
	for i := range r.Settings {
		if r.Settings[i].Privacy == nil && anyPrivate(r) {
			continue
		}
		for _, split := range r.Settings[i].Splits {
			n++
			private += split.Accuracy.Value
			majority += split.Majority
			if split.Baseline != nil {
				plain += *split.Baseline
				withPlain++
			}
		}
	}
	if n == 0 {
		return nil
	}
	all := []fact{{percent(private / float64(n)), "mean accuracy", fmt.Sprintf("answering the most frequent label: %s", percent(majority/float64(n)))}}
	if withPlain == n {
		change := fmt.Sprintf("privacy cost %.1f points", 100*(plain-private)/float64(n))
		if private > plain {
			change = fmt.Sprintf("%.1f points less than with it", 100*(private-plain)/float64(n))
		}
		all = append(all, fact{percent(plain / float64(n)), "the same without privacy", change})
	}
	return all
}
