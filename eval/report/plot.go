package report

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// plot draws one SVG picture in pixels of its own; CSS classes give the colours, so that one picture serves light,
// dark and forced colours.
type plot struct {
	width, height            float64
	left, right, top, bottom float64 // margins
	x, y                     scale
	body                     strings.Builder
}

// scale maps values of [from, to] onto pixels [start, end].
type scale struct{ from, to, start, end float64 }

func (s scale) at(v float64) float64 {
	return s.start + (v-s.from)/(s.to-s.from)*(s.end-s.start)
}

// newPlot makes a picture whose x axis covers [x0, x1] and whose y axis covers [y0, y1], upwards.
func newPlot(width, height, left, right float64, x0, x1, y0, y1 float64) *plot {
	p := &plot{width: width, height: height, left: left, right: right, top: 14, bottom: 34}
	p.x = scale{x0, wider(x0, x1), left, width - right}
	p.y = scale{y0, wider(y0, y1), height - p.bottom, p.top}
	return p
}

// wider keeps a scale from collapsing.
func wider(from, to float64) float64 {
	if to > from {
		return to
	}
	return from + 1
}

// ticks gives about n round values that cover [from, to] (1, 2 or 5 times a power of ten apart).
func ticks(from, to float64, n int) []float64 {
	rough := (to - from) / float64(n)
	step := math.Pow(10, math.Floor(math.Log10(rough)))
	for _, factor := range []float64{1, 2, 5, 10} {
		if step*factor >= rough {
			step *= factor
			break
		}
	}
	var all []float64
	for i := math.Ceil(from/step - 1e-9); i*step <= to+1e-9*step; i++ {
		all = append(all, i*step+0) // + 0: no negative zero
	}
	return all
}

func (p *plot) put(format string, values ...any) { fmt.Fprintf(&p.body, format, values...) }

// px prints a pixel position with one decimal.
func px(v float64) string { return strconv.FormatFloat(math.Round(v*10)/10, 'f', -1, 64) }

func (p *plot) line(class string, x1, y1, x2, y2 float64) {
	p.put(`<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`, class, px(x1), px(y1), px(x2), px(y2))
}

func (p *plot) text(class, anchor string, x, y float64, text string) {
	p.put(`<text class="%s" text-anchor="%s" x="%s" y="%s">%s</text>`, class, anchor, px(x), px(y), html.EscapeString(text))
}

func (p *plot) circle(class string, x, y, r float64) {
	p.put(`<circle class="%s" cx="%s" cy="%s" r="%s"/>`, class, px(x), px(y), px(r))
}

func (p *plot) square(class string, x, y, half float64) {
	p.put(`<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`, class, px(x-half), px(y-half), px(2*half), px(2*half))
}

func (p *plot) diamond(class string, x, y, r float64) {
	p.put(`<path class="%s" d="M%s %sL%s %sL%s %sL%s %sZ"/>`, class, px(x), px(y-r), px(x+r), px(y), px(x), px(y+r), px(x-r), px(y))
}

// curve joins points given in values.
func (p *plot) curve(class string, xs, ys []float64) {
	var d strings.Builder
	for i := range xs {
		command := "L"
		if i == 0 {
			command = "M"
		}
		d.WriteString(command + px(p.x.at(xs[i])) + " " + px(p.y.at(ys[i])))
	}
	p.put(`<path class="%s" d="%s"/>`, class, d.String())
}

// axisX draws vertical grid lines and their labels below.
func (p *plot) axisX(at []float64, label func(float64) string, title string) {
	for _, v := range at {
		x := p.x.at(v)
		p.line("grid", x, p.top, x, p.height-p.bottom)
		p.text("tick", "middle", x, p.height-p.bottom+14, label(v))
	}
	p.text("axis", "middle", (p.left+p.width-p.right)/2, p.height-3, title)
}

// axisY draws horizontal grid lines and their labels at the left.
func (p *plot) axisY(at []float64, label func(float64) string) {
	for _, v := range at {
		y := p.y.at(v)
		p.line("grid", p.left, y, p.width-p.right, y)
		p.text("tick", "end", p.left-6, y+3.5, label(v))
	}
}

// figure is a picture with its words and its data.
type figure struct {
	ID      string
	Title   string
	Caption string
	Legend  []key
	SVG     template.HTML
	Header  []string
	Rows    [][]string
}

// key is an entry of a legend: a mark and what it stands for.
type key struct {
	Mark  template.HTML
	Label string
}

// svg closes the picture. The title is what a screen reader says; the data table holds the rest.
func (p *plot) svg(title string) template.HTML {
	return template.HTML(fmt.Sprintf(`<svg viewBox="0 0 %s %s" role="img" aria-label="%s">%s</svg>`, px(p.width), px(p.height), html.EscapeString(title), p.body.String()))
}

// mark draws one mark for a legend.
func mark(draw func(*plot)) template.HTML {
	p := &plot{width: 22, height: 14}
	draw(p)
	return template.HTML(`<svg class="key" viewBox="0 0 22 14" aria-hidden="true">` + p.body.String() + `</svg>`)
}
