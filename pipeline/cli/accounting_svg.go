package cli

import (
	"fmt"
	"math"
	"strings"

	"github.com/ewtune/ewtune/accountant"
)

// The drawing's size and the room for its axes, in pixels, and the smallest delta that is drawn.
const (
	svgWidth, svgHeight      = 640.0, 400.0
	svgLeft, svgRight        = 72.0, 16.0
	svgTop, svgBottom, ticks = 16.0, 48.0, 5
	svgSmallest              = 1e-15
)

// drawing maps a curve to pixels.
type drawing struct {
	curve       *curve
	first, last float64 // x
	low, high   float64 // y, or its decimal logarithm for delta
}

func (d *curve) drawing() drawing {
	g := drawing{d, d.Points[0].X, d.Points[len(d.Points)-1].X, 0, 0}
	if d.Value == "delta" {
		g.low = math.Inf(1)
	}
	for _, p := range d.Points {
		if p.Upper < math.MaxFloat64 {
			g.high = math.Max(g.high, p.Upper)
			g.low = math.Min(g.low, math.Max(svgSmallest, p.Estimate))
		}
	}
	if d.Value == "delta" {
		g.low, g.high = math.Floor(math.Log10(g.low)), math.Ceil(math.Log10(math.Max(g.high, svgSmallest)))
	}
	if g.high <= g.low {
		g.high = g.low + 1
	}
	return g
}

func (g *drawing) x(v float64) float64 {
	return svgLeft + (svgWidth-svgLeft-svgRight)*(v-g.first)/math.Max(g.last-g.first, math.SmallestNonzeroFloat64)
}

func (g *drawing) y(v float64) float64 {
	if g.curve.Value == "delta" {
		v = math.Log10(math.Max(v, svgSmallest))
	}
	share := math.Min(math.Max((v-g.low)/(g.high-g.low), 0), 1)
	return svgHeight - svgBottom - (svgHeight-svgTop-svgBottom)*share
}

// svg draws the enclosure as a band and the estimate as a line, with a title and a description for who does not see it. Delta
// has a logarithmic axis; of a trade-off function the proven lower bound is drawn.
func (d *curve) svg() string {
	g := d.drawing()
	var b strings.Builder
	first, last := d.Points[0], d.Points[len(d.Points)-1]
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" font-family="sans-serif" font-size="12">`+"\n", svgWidth, svgHeight)
	fmt.Fprintf(&b, "<title>%s over %s</title>\n<desc>From %s %g at %s %g to %g at %g, certified.</desc>\n", d.Value, d.Over, d.Value, first.Estimate, d.Over, first.X, last.Estimate, last.X)
	b.WriteString(`<rect width="100%" height="100%" fill="#fff"/>` + "\n")
	g.axes(&b)
	if d.Over == "alpha" {
		g.line(&b, func(p accountant.Point) float64 { return p.Lower })
	} else {
		g.band(&b)
		g.line(&b, func(p accountant.Point) float64 { return p.Estimate })
	}
	b.WriteString("</svg>\n")
	return b.String()
}

func (g *drawing) axes(b *strings.Builder) {
	for _, v := range g.ticks() {
		fmt.Fprintf(b, `<path d="M%.1f %.1fH%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end">%.3g</text>`+"\n", svgLeft, g.y(v), svgWidth-svgRight, svgLeft-6, g.y(v)+4, v)
	}
	for i := range ticks + 1 {
		v := g.first + float64(i)/ticks*(g.last-g.first)
		fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle">%.4g</text>`+"\n", g.x(v), svgHeight-svgBottom+18, v)
	}
	fmt.Fprintf(b, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", (svgLeft+svgWidth-svgRight)/2, svgHeight-10, g.curve.Over)
	fmt.Fprintf(b, `<text transform="translate(16 %.1f) rotate(-90)" text-anchor="middle">%s</text>`+"\n", (svgTop+svgHeight-svgBottom)/2, g.curve.Value)
}

// ticks are the values of the horizontal lines: fifths of the range, or whole powers of ten, eight at most.
func (g *drawing) ticks() []float64 {
	var list []float64
	if g.curve.Value == "delta" {
		step := math.Ceil((g.high - g.low) / 8)
		for v := g.high; v >= g.low; v -= step {
			list = append(list, math.Pow(10, v))
		}
		return list
	}
	for i := range ticks + 1 {
		list = append(list, g.low+float64(i)/ticks*(g.high-g.low))
	}
	return list
}

func (g *drawing) band(b *strings.Builder) {
	upper := g.polyline(func(p accountant.Point) float64 { return p.Upper }, false)
	lower := g.polyline(func(p accountant.Point) float64 { return p.Lower }, true)
	fmt.Fprintf(b, `<path d="M%sL%sZ" fill="#36c" fill-opacity=".2"/>`+"\n", upper, lower)
}

func (g *drawing) line(b *strings.Builder, value func(accountant.Point) float64) {
	fmt.Fprintf(b, `<path d="M%s" fill="none" stroke="#36c" stroke-width="2"/>`+"\n", g.polyline(value, false))
}

// polyline lists the points of a line, backwards for the lower edge of a band.
func (g *drawing) polyline(value func(accountant.Point) float64, backwards bool) string {
	parts := make([]string, len(g.curve.Points))
	for i, p := range g.curve.Points {
		at := i
		if backwards {
			at = len(parts) - 1 - i
		}
		parts[at] = fmt.Sprintf("%.1f %.1f", g.x(p.X), g.y(value(p)))
	}
	return strings.Join(parts, "L")
}
