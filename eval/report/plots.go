package report

import (
	"fmt"
	"math"
	"strconv"

	"github.com/ewtune/ewtune/eval"
)

const rowHeight = 30.0

// rowPlot is a picture of one horizontal row for each subject, labelled at the left.
func rowPlot(labels []string, x0, x1 float64) *plot {
	p := newPlot(1040, float64(len(labels))*rowHeight+54, 290, 70, x0, x1, 0, 1)
	for i, label := range labels {
		p.text("label", "end", p.left-14, p.rowAt(i)+4, label)
	}
	return p
}

func (p *plot) rowAt(i int) float64 { return p.top + (float64(i)+.6)*rowHeight }

type accuracyRow struct {
	label    string
	accuracy eval.Estimate
	majority float64
	baseline *float64
}

// accuracyFigure sets each private accuracy between the majority class and the same model without privacy.
func accuracyFigure(r *eval.Report) *figure {
	rows, least := accuracyRows(r)
	if len(rows) == 0 {
		return nil
	}
	labels := make([]string, len(rows))
	for i := range rows {
		labels[i] = rows[i].label
	}
	p := rowPlot(labels, math.Max(0, math.Floor(least*20-0.5)/20), 1)
	p.axisX(ticks(p.x.from, p.x.to, 7), func(v float64) string { return strconv.Itoa(int(math.Round(100 * v))) }, "accuracy, % of rows")
	f := &figure{ID: "accuracy", Title: "Accuracy, with what is above and below it",
		Caption: "The line through a dot is the 95 % interval. A private run belongs between the tick (answering the most frequent label) and the diamond (the same model without privacy).",
		Legend:  accuracyKeys(),
		Header:  []string{"task and setting", "accuracy", "95 % interval", "majority class", "without privacy"}}
	for i, row := range rows {
		p.accuracyRow(p.rowAt(i), row)
		f.Rows = append(f.Rows, []string{row.label, percent(row.accuracy.Value), within(row.accuracy), percent(row.majority), share(row.baseline)})
	}
	f.SVG = p.svg(f.Title)
	return f
}

func accuracyRows(r *eval.Report) (rows []accuracyRow, least float64) {
	least = 1
	for i := range r.Settings {
		s := &r.Settings[i]
		if s.Privacy == nil && anyPrivate(r) {
			continue
		}
		for _, split := range s.Splits {
			label := splitName(s.Task, split.Split) + " · " + shortSetting(s)
			rows = append(rows, accuracyRow{label, split.Accuracy, split.Majority, split.Baseline})
			least = min(least, split.Majority, split.Accuracy.Lower)
		}
	}
	return rows, least
}

func anyPrivate(r *eval.Report) bool {
	for i := range r.Settings {
		if r.Settings[i].Privacy != nil {
			return true
		}
	}
	return false
}

// shortSetting fits beside a row of a picture.
func shortSetting(s *eval.Setting) string {
	if s.Privacy == nil {
		return s.Method
	}
	return fmt.Sprintf("%s, %s, ε %g", s.Method, s.Accountant, s.Target)
}

func (p *plot) accuracyRow(y float64, row accuracyRow) {
	p.line("span", p.x.at(row.accuracy.Lower), y, p.x.at(row.accuracy.Upper), y)
	p.line("floor", p.x.at(row.majority), y-8, p.x.at(row.majority), y+8)
	if row.baseline != nil {
		p.diamond("plain", p.x.at(*row.baseline), y, 5.5)
	}
	p.circle("dot", p.x.at(row.accuracy.Value), y, 5)
	p.text("value", "start", p.width-p.right+10, y+4, fmt.Sprintf("%.1f", 100*row.accuracy.Value))
}

func accuracyKeys() []key {
	return []key{
		{mark(func(p *plot) { p.line("span", 1, 7, 21, 7); p.circle("dot", 11, 7, 5) }), "private, 95 % interval"},
		{mark(func(p *plot) { p.line("floor", 11, 1, 11, 13) }), "majority class"},
		{mark(func(p *plot) { p.diamond("plain", 11, 7, 5.5) }), "without privacy"},
	}
}

// epsilonFigure sets the certified epsilon beside the claim and the estimate of the paper's accountant.
func epsilonFigure(r *eval.Report) *figure {
	var private []*eval.Setting
	var labels []string
	highest := 0.0
	for i := range r.Settings {
		if s := &r.Settings[i]; s.Privacy != nil {
			private = append(private, s)
			labels = append(labels, taskName(s.Task)+" · "+shortSetting(s))
			highest = max(highest, s.Target, s.Privacy.Epsilon.Upper)
		}
	}
	if len(private) == 0 {
		return nil
	}
	p := rowPlot(labels, 0, highest*1.08)
	p.axisX(ticks(0, p.x.to, 8), func(v float64) string { return number(v) }, "epsilon")
	f := &figure{ID: "epsilon", Title: "Epsilon: claimed, estimated, certified",
		Caption: "The certified value is an interval narrower than its dot. Where the square stands left of it, the order-1 Edgeworth estimate under-reports what was spent; a dot right of the tick has spent more than was claimed.",
		Legend:  epsilonKeys(),
		Header:  []string{"task and setting", "claimed", "certified interval", "order-1 estimate", "noise multiplier"}}
	for i, s := range private {
		p.epsilonRow(p.rowAt(i), s)
		f.Rows = append(f.Rows, []string{labels[i], number(s.Target), interval(s.Privacy.Epsilon), estimate(s.Privacy.Edgeworth), sigma(s.Privacy.NoiseMultiplier)})
	}
	f.SVG = p.svg(f.Title)
	return f
}

func (p *plot) epsilonRow(y float64, s *eval.Setting) {
	at, claim := p.x.at(s.Privacy.Epsilon.Upper), p.x.at(s.Target)
	p.line("stem", p.x.at(0), y, at, y)
	if e := s.Privacy.Edgeworth; e != nil {
		p.line("gap", p.x.at(*e), y, at, y)
		p.square("guess", p.x.at(*e), y, 4.5)
	}
	p.line("floor", claim, y-8, claim, y+8)
	class := "dot"
	if !s.Privacy.ClaimHolds {
		class = "dot bad"
	}
	p.circle(class, at, y, 5)
	p.text("value", "start", p.width-p.right+10, y+4, eval.FormatUpper(s.Privacy.Epsilon.Upper))
}

func epsilonKeys() []key {
	return []key{
		{mark(func(p *plot) { p.circle("dot", 11, 7, 5) }), "certified"},
		{mark(func(p *plot) { p.square("guess", 11, 7, 4.5) }), "order-1 estimate, not a guarantee"},
		{mark(func(p *plot) { p.line("floor", 11, 1, 11, 13) }), "claimed"},
	}
}

// curveFigures draw loss, lot size and epsilon by step as three small pictures that share one table.
func curveFigures(id string, run *eval.RunReport) []*figure {
	if run.Curves == nil || len(run.Curves.Points) == 0 {
		return nil
	}
	points := run.Curves.Points
	caveat := ""
	if run.Curves.Private {
		caveat = " Not covered by the guarantee: measured without noise."
	}
	all := []*figure{
		curveFigure(id+"-loss", "Loss", "Mean loss of the lot, in nats."+caveat, points, func(c *eval.CurvePoint) float64 { return c.Loss }, 3),
		curveFigure(id+"-lot", "Lot size", "Rows drawn in a step; Poisson sampling makes it vary."+caveat, points, func(c *eval.CurvePoint) float64 { return c.LotSize }, 0),
	}
	var priced []eval.CurvePoint
	for _, point := range points {
		if point.Epsilon != nil {
			priced = append(priced, point)
		}
	}
	if len(priced) > 0 {
		all = append(all, curveFigure(id+"-epsilon", "Epsilon spent", "Certified upper bound after each step.", priced, func(c *eval.CurvePoint) float64 { return *c.Epsilon }, 4))
	}
	return all
}

func curveFigure(id, title, caption string, points []eval.CurvePoint, value func(*eval.CurvePoint) float64, decimals int) *figure {
	f := &figure{ID: id, Title: title, Caption: caption, Header: []string{"step", title}}
	xs, ys := make([]float64, len(points)), make([]float64, len(points))
	lowest, top := math.Inf(1), 0.0
	for i := range points {
		xs[i], ys[i] = float64(points[i].Step), value(&points[i])
		lowest, top = min(lowest, ys[i]), max(top, ys[i])
		f.Rows = append(f.Rows, []string{count(points[i].Step), strconv.FormatFloat(ys[i], 'f', decimals, 64)})
	}
	p := newPlot(360, 210, 46, 14, 0, xs[len(xs)-1], 0, top*1.06)
	p.axisX(ticks(0, p.x.to, 4), func(v float64) string { return count(int64(v)) }, "step")
	p.axisY(ticks(0, p.y.to, 5), number)
	p.curve("trace", xs, ys)
	p.circle("end", p.x.at(xs[len(xs)-1]), p.y.at(ys[len(ys)-1]), 3)
	f.SVG = p.svg(title + " by step")
	return f
}

// reliabilityFigure shows whether confidence can be believed.
func reliabilityFigure(id string, c *eval.Calibration) *figure {
	if c == nil {
		return nil
	}
	p := newPlot(360, 260, 46, 14, 0, 1, 0, 1)
	hundredths := func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
	p.axisX(ticks(0, 1, 5), hundredths, "confidence")
	p.axisY(ticks(0, 1, 5), hundredths)
	p.curve("ideal", []float64{0, 1}, []float64{0, 1})
	f := &figure{ID: id, Title: "Reliability", Header: []string{"confidence", "accuracy", "rows"},
		Caption: fmt.Sprintf("Share predicted right against stated confidence; larger dots hold more rows. Expected calibration error %.3f, Brier score %.3f, log loss %.3f.", c.ECE, c.Brier, c.LogLoss)}
	most := 1
	for _, bin := range c.Bins {
		most = max(most, bin.Rows)
	}
	for _, bin := range c.Bins {
		p.circle("dot", p.x.at(bin.Confidence), p.y.at(bin.Accuracy), 2+7*math.Sqrt(float64(bin.Rows)/float64(most)))
		f.Rows = append(f.Rows, []string{fmt.Sprintf("%.3f", bin.Confidence), fmt.Sprintf("%.3f", bin.Accuracy), count(bin.Rows)})
	}
	f.SVG = p.svg("Reliability: accuracy by confidence")
	return f
}

// tradeOffFigure shows what any membership attack must miss.
func tradeOffFigure(id string, p *eval.Privacy) *figure {
	if p == nil || len(p.TradeOff) == 0 {
		return nil
	}
	f := &figure{ID: id, Title: "Any attack, bounded", Header: []string{"false positive rate", "misses at least"},
		Caption: "At a false positive rate, an attack that asks whether a row was in the data misses at least this share of members. The diagonal is blind guessing; the further below it, the weaker the protection."}
	xs, ys := []float64{0}, []float64{1 - p.Delta}
	for _, at := range p.TradeOff {
		xs, ys = append(xs, at.Alpha), append(ys, at.Beta)
		f.Rows = append(f.Rows, []string{number(at.Alpha), number(at.Beta)})
	}
	picture := newPlot(360, 260, 46, 14, 0, 1, 0, 1)
	tenths := func(v float64) string { return strconv.FormatFloat(v, 'f', 1, 64) }
	picture.axisX(ticks(0, 1, 5), tenths, "false positive rate")
	picture.axisY(ticks(0, 1, 5), tenths)
	picture.curve("ideal", []float64{0, 1}, []float64{1, 0})
	picture.curve("trace", append(xs, 1), append(ys, 0))
	f.SVG = picture.svg("Trade-off: least share of members that an attack misses, by false positive rate")
	return f
}
