package cli

import (
	"fmt"
	"math"
	"strings"

	"github.com/ewtune/ewtune/accountant"
)

// The drawing's size and the room for its axes, in pixels.
const (
	svgWidth, svgHeight      = 640.0, 400.0
	svgLeft, svgRight        = 72.0, 16.0
	svgTop, svgBottom, ticks = 16.0, 48.0, 5
)

// svg draws the enclosure as a band and the estimate as a line, with a title and a description for who does not see it.
func (d *curve) svg() string {
	var b strings.Builder
	first, last := d.Points[0], d.Points[len(d.Points)-1]
	top := 0.0
	for _, p := range d.Points {
		if !math.IsInf(p.Upper, 0) {
			top = math.Max(top, p.Upper)
		}
	}
	if top == 0 {
		top = 1
	}
	width := last.X - first.X
	if width == 0 {
		width = 1
	}
	x := func(v float64) float64 { return svgLeft + (svgWidth-svgLeft-svgRight)*(v-first.X)/width }
	y := func(v float64) float64 {
		return svgHeight - svgBottom - (svgHeight-svgTop-svgBottom)*math.Min(v/top, 1)
	}
	fmt.Fprintf(&b, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %g %g" role="img" font-family="sans-serif" font-size="12">`+"\n", svgWidth, svgHeight)
	fmt.Fprintf(&b, "<title>%s over %s</title>\n<desc>From %s %g at %s %g to %g at %g, certified.</desc>\n", d.Value, d.Over, d.Value, first.Estimate, d.Over, first.X, last.Estimate, last.X)
	b.WriteString(`<rect width="100%" height="100%" fill="#fff"/>` + "\n")
	for i := range ticks + 1 {
		share := float64(i) / ticks
		fmt.Fprintf(&b, `<path d="M%.1f %.1fH%.1f" stroke="#ddd"/><text x="%.1f" y="%.1f" text-anchor="end">%.3g</text>`+"\n", svgLeft, y(share*top), svgWidth-svgRight, svgLeft-6, y(share*top)+4, share*top)
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">%.4g</text>`+"\n", x(first.X+share*width), svgHeight-svgBottom+18, first.X+share*width)
	}
	fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`+"\n", (svgLeft+svgWidth-svgRight)/2, svgHeight-10, d.Over)
	fmt.Fprintf(&b, `<text transform="translate(16 %.1f) rotate(-90)" text-anchor="middle">%s</text>`+"\n", (svgTop+svgHeight-svgBottom)/2, d.Value)
	upper := polyline(d.Points, x, y, func(p accountant.Point) float64 { return p.Upper }, false)
	lower := polyline(d.Points, x, y, func(p accountant.Point) float64 { return p.Lower }, true)
	fmt.Fprintf(&b, `<path d="M%sL%sZ" fill="#36c" fill-opacity=".2"/>`+"\n", upper, lower)
	fmt.Fprintf(&b, `<path d="M%s" fill="none" stroke="#36c" stroke-width="2"/>`+"\n</svg>\n", polyline(d.Points, x, y, func(p accountant.Point) float64 { return p.Estimate }, false))
	return b.String()
}

// polyline lists the points of a line, backwards for the lower edge of a band.
func polyline(points []accountant.Point, x, y func(float64) float64, value func(accountant.Point) float64, backwards bool) string {
	parts := make([]string, len(points))
	for i, p := range points {
		at := i
		if backwards {
			at = len(points) - 1 - i
		}
		parts[at] = fmt.Sprintf("%.1f %.1f", x(p.X), y(value(p)))
	}
	return strings.Join(parts, "L")
}
