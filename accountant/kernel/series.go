package kernel

// A contour serves several ε of a series as long as δ's relative width is at most seriesWidth, or δ at most seriesFloor.
const (
	seriesWidth = 1e-5
	seriesFloor = 1e-15
)

// DeltaSeries encloses δ at ε = first, first+step, …: one contour serves as many neighbouring ε as its bounds stay tight
// for, so that the moments are integrated a few times and not once a point. Without the lattice, as ContourDelta.
func (w *Workspace) DeltaSeries(p *Problem, first, step float64, out []Interval) {
	var k contour
	laid := false
	open := closed(p) == 0
	for i := range out {
		epsilon := first + step*float64(i)
		if laid {
			x, _ := w.delta(&k, epsilon)
			if x.Upper-x.Lower <= seriesWidth*x.Lower || x.Upper <= seriesFloor {
				out[i] = x
				continue
			}
		}
		laid = false
		if open {
			laid = w.layFor(p, epsilon, &k)
		}
		if laid {
			out[i], _ = w.delta(&k, epsilon)
		} else {
			out[i], _ = w.ContourDelta(p, epsilon)
		}
	}
}

// layFor lays the contour k for δ at ε.
func (w *Workspace) layFor(p *Problem, epsilon float64, k *contour) bool {
	w.setLevel(p, -60)
	s, ok := w.saddleForEpsilon(p, epsilon)
	if !ok {
		return false
	}
	w.setLevel(p, s.logDelta)
	return w.build(p, s, usual, k)
}
