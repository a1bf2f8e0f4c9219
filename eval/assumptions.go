package eval

import (
	"cmp"
	"fmt"

	"github.com/ewtune/ewtune/accountant"
)

// assumptions lists what the guarantee rests on, and what the run's files say of each.
func assumptions(r *RunReport, executed accountant.Plan, header accountant.LedgerHeader) []Assumption {
	return []Assumption{
		seedSecret(header),
		executedAsPriced(&r.Run, executed, header),
		deltaSmall(r),
		secondAccountant(r.Privacy),
		samplerPriced(r.Privacy),
		tuning(r.Run.Privacy, executed),
		{"measurements by step", NotCovered, "loss, accuracy and lot sizes by step, and any choice made by them such as early stopping, are computed without noise; the guarantee covers the released weights only"},
		{"unit of privacy", NotCovered, "one training row; where one person wrote several rows, no person-level guarantee follows"},
	}
}

func seedSecret(h accountant.LedgerHeader) Assumption {
	const name = "secret noise"
	if h.SeedKnown {
		return Assumption{name, Broken, "the seed of the noise is disclosed: whoever knows it subtracts the noise, and the guarantee is void"}
	}
	return Assumption{name, Holds, "the noise was drawn from a secret key that was not kept"}
}

// executedAsPriced compares the ledger with the plan of the claim. Fewer steps than priced spend less and are fine.
func executedAsPriced(run *Run, executed accountant.Plan, h accountant.LedgerHeader) Assumption {
	const name = "executed as priced"
	claim := run.Privacy
	switch {
	case h.DataHash != "" && h.DataHash != run.Data.Hash:
		return Assumption{name, Broken, fmt.Sprintf("the ledger is of data %.12s, the run of %.12s", h.DataHash, run.Data.Hash)}
	case h.DatasetSize != 0 && h.DatasetSize < run.Data.Rows: // canaries come on top of the rows
		return Assumption{name, Broken, fmt.Sprintf("the ledger is of %d rows, the run of %d", h.DatasetSize, run.Data.Rows)}
	case cmp.Or(executed.Sampler, accountant.Poisson) != cmp.Or(claim.Plan.Sampler, accountant.Poisson):
		return Assumption{name, Broken, fmt.Sprintf("priced sampler %s, executed %s", cmp.Or(claim.Plan.Sampler, accountant.Poisson), cmp.Or(executed.Sampler, accountant.Poisson))}
	case cmp.Or(executed.Adjacency, accountant.AddRemove) != cmp.Or(claim.Plan.Adjacency, accountant.AddRemove):
		return Assumption{name, Broken, fmt.Sprintf("priced under %s, ledger under %s", cmp.Or(claim.Plan.Adjacency, accountant.AddRemove), cmp.Or(executed.Adjacency, accountant.AddRemove))}
	case h.ClippingNorm != claim.ClippingNorm:
		return Assumption{name, Broken, fmt.Sprintf("priced with clipping norm %g, executed with %g", claim.ClippingNorm, h.ClippingNorm)}
	}
	for i, phase := range executed.Phases {
		if i >= len(claim.Plan.Phases) {
			return Assumption{name, Broken, fmt.Sprintf("%d phases executed, %d priced", len(executed.Phases), len(claim.Plan.Phases))}
		}
		if why := differs(claim.Plan.Phases[i], phase); why != "" {
			return Assumption{name, Broken, fmt.Sprintf("phase %d: %s", i+1, why)}
		}
	}
	return Assumption{name, Holds, "sampler, sampling rate, noise, clipping norm and steps in the ledger are those that were priced"}
}

// differs names what of an executed phase spends more than, or otherwise than, what was priced.
func differs(priced, executed accountant.Phase) string {
	switch {
	case executed.SamplingRate != priced.SamplingRate:
		return fmt.Sprintf("sampling rate %g, priced %g", executed.SamplingRate, priced.SamplingRate)
	case executed.NoiseMultiplier != priced.NoiseMultiplier:
		return fmt.Sprintf("noise multiplier %g, priced %g", executed.NoiseMultiplier, priced.NoiseMultiplier)
	case executed.Steps > priced.Steps:
		return fmt.Sprintf("%d steps, priced %d", executed.Steps, priced.Steps)
	}
	return ""
}

func deltaSmall(r *RunReport) Assumption {
	why := fmt.Sprintf("delta %g, 1/N = %.3g for N = %d; a delta of 1/N allows the release of one row whole", r.Privacy.Delta, 1/float64(r.Run.Data.Rows), r.Run.Data.Rows)
	state := Weak
	if r.Privacy.Delta*float64(r.Run.Data.Rows) < 1 {
		state = Holds
	}
	return Assumption{"delta below 1/N", state, why}
}

// secondAccountant asks that Rényi DP lies above the certified interval, and that the interval of the privacy loss
// distribution overlaps it.
func secondAccountant(p *Privacy) Assumption {
	const name = "a second accountant agrees"
	switch {
	case p.PLD == nil && p.RDP == nil:
		return Assumption{name, NotCovered, "no second accountant could price the plan"}
	case p.RDP != nil && *p.RDP < p.Epsilon.Lower:
		return Assumption{name, Broken, fmt.Sprintf("Renyi DP gives %g, below the certified interval %s", *p.RDP, FormatInterval(p.Epsilon))}
	case p.PLD != nil && (p.PLD.Upper < p.Epsilon.Lower || p.PLD.Lower > p.Epsilon.Upper):
		return Assumption{name, Broken, fmt.Sprintf("the privacy loss distribution gives %s, the certified interval is %s", FormatInterval(*p.PLD), FormatInterval(p.Epsilon))}
	case p.PLD == nil:
		return Assumption{name, Holds, fmt.Sprintf("Renyi DP gives the looser bound %s", FormatUpper(*p.RDP))}
	}
	return Assumption{name, Holds, fmt.Sprintf("the privacy loss distribution gives %s", FormatInterval(*p.PLD))}
}

func samplerPriced(p *Privacy) Assumption {
	if !p.proven {
		return Assumption{"sampler", Broken, fmt.Sprintf("no bound is proved for the ledger's sampler, %s, under %s adjacency", p.Sampler, p.Adjacency)}
	}
	return Assumption{"sampler", Holds, fmt.Sprintf("the ledger's sampler, %s, is the one that was priced, under %s adjacency", p.Sampler, p.Adjacency)}
}

func tuning(claim *Claim, executed accountant.Plan) Assumption {
	const name = "hyper-parameter tuning"
	if t := executed.Tuning; t != nil {
		return Assumption{name, Holds, fmt.Sprintf("the ledger prices the choice among %.1f trials on average (Papernot and Steinke 2022)", t.ExpectedTrials())}
	}
	if claim.Trials > 1 {
		return Assumption{name, NotCovered, fmt.Sprintf("this run was chosen of %d on the same data; its own epsilon leaves that choice out (Papernot and Steinke 2022), the epsilon of all trials covers it", claim.Trials)}
	}
	return Assumption{name, Holds, "one run, no choice made by looking at private results"}
}
