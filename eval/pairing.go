package eval

import "slices"

type runPair struct{ old, new *RunReport }

// pairing is which runs of two reports belong together, and which are left over.
type pairing struct {
	pairs    []runPair
	old, new []*RunReport // without a counterpart
}

// pairRuns pairs runs of the same name. Of those left, a run is paired with the only one of the other report that has its task,
// seed and privacy, if no other run of its own report has them.
func pairRuns(old, new *Report) *pairing {
	p := &pairing{}
	for i := range old.Runs {
		if new.Run(old.Runs[i].Run.Name) == nil {
			p.old = append(p.old, &old.Runs[i])
		}
	}
	for i := range new.Runs {
		if match := old.Run(new.Runs[i].Run.Name); match != nil {
			p.pairs = append(p.pairs, runPair{match, &new.Runs[i]})
		} else {
			p.new = append(p.new, &new.Runs[i])
		}
	}
	for _, run := range slices.Clone(p.new) {
		mine, match := alike(p.new, run), alike(p.old, run)
		if len(mine) == 1 && len(match) == 1 {
			p.pairs = append(p.pairs, runPair{match[0], run})
			p.old, p.new = without(p.old, match[0]), without(p.new, run)
		}
	}
	return p
}

// alike lists the runs with the task, the seed and the privacy of run.
func alike(runs []*RunReport, run *RunReport) []*RunReport {
	var found []*RunReport
	for _, r := range runs {
		if r.Run.Task == run.Run.Task && r.Run.Seed == run.Run.Seed && (r.Privacy == nil) == (run.Privacy == nil) {
			found = append(found, r)
		}
	}
	return found
}

func without(runs []*RunReport, run *RunReport) []*RunReport {
	return slices.DeleteFunc(runs, func(r *RunReport) bool { return r == run })
}

// unpaired lists the runs that are left over, and the splits that one side of a pair lacks.
func (p *pairing) unpaired() []Unpaired {
	var alone []Unpaired
	for _, run := range p.old {
		alone = append(alone, Unpaired{run.Run.Name, "", "old"})
	}
	for _, run := range p.new {
		alone = append(alone, Unpaired{run.Run.Name, "", "new"})
	}
	for _, pair := range p.pairs {
		alone = append(alone, lacking(pair.old, pair.new, "old")...)
		alone = append(alone, lacking(pair.new, pair.old, "new")...)
	}
	return alone
}

// lacking lists the splits of a run that another lacks.
func lacking(run, other *RunReport, in string) []Unpaired {
	var alone []Unpaired
	for i := range run.Splits {
		if split := run.Splits[i].Split; other.Split(split) == nil {
			alone = append(alone, Unpaired{run.Run.Name, split, in})
		}
	}
	return alone
}
