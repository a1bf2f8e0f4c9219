package cli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/ewtune/ewtune/pipeline"
)

// quietFlag is --quiet, which every command with progress has.
func quietFlag() cli.Flag {
	return &cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "no progress on stderr"}
}

// view shows how far the runs are: one line that is drawn again on a terminal, a plain line every few seconds elsewhere.
type view struct {
	out      io.Writer
	width    int // of the terminal, 0: not a terminal
	interval time.Duration
	now      func() time.Time
	next     time.Time
	run      string
	drawn    bool
}

// newView draws on w; a quiet view draws nothing.
func newView(w io.Writer, quiet bool) *view {
	v := &view{out: w, interval: 5 * time.Second, now: time.Now}
	if quiet {
		v.out = io.Discard
	}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		v.width, _, _ = term.GetSize(int(file.Fd()))
		v.interval = 100 * time.Millisecond
	}
	return v
}

// show draws a stage if it is time to: always when a run begins or ends.
func (v *view) show(s pipeline.Stage) {
	last := s.Steps > 0 && s.Step == s.Steps
	if v.now().Before(v.next) && s.Name == v.run && !last {
		return
	}
	v.next, v.run = v.now().Add(v.interval), s.Name
	if v.width == 0 {
		fmt.Fprintln(v.out, stageLine(s, 0))
		return
	}
	line := stageLine(s, 20)
	if len(line) > v.width-1 {
		line = line[:max(0, v.width-1)]
	}
	fmt.Fprintf(v.out, "\r\x1b[2K%s", line)
	v.drawn = true
	if last {
		v.done()
	}
}

// done leaves the drawn line and goes to the next.
func (v *view) done() {
	if v.drawn {
		fmt.Fprintln(v.out)
	}
	v.drawn = false
}

// stageLine is one line: run, bar of the given width, step, lot size, loss, epsilon spent, time left.
func stageLine(s pipeline.Stage, bar int) string {
	var b strings.Builder
	if s.Runs > 0 {
		fmt.Fprintf(&b, "[%d/%d] ", s.Run, s.Runs)
	}
	b.WriteString(s.Name)
	if s.Steps == 0 {
		return b.String()
	}
	if bar > 0 {
		full := int(int64(bar) * s.Step / s.Steps)
		fmt.Fprintf(&b, " %s%s", strings.Repeat("#", full), strings.Repeat(".", bar-full))
	}
	fmt.Fprintf(&b, " step %d/%d lot %d loss %.3f", s.Step, s.Steps, s.LotSize, s.Loss)
	if s.Private {
		fmt.Fprintf(&b, " epsilon %.3f", s.Epsilon)
	}
	fmt.Fprintf(&b, " left %s", s.Left.Round(time.Second))
	return b.String()
}
