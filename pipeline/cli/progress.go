package cli

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/ewtune/ewtune/pipeline"
)

// quietFlag is --quiet, which every command with progress has.
func quietFlag() cli.Flag {
	return &cli.BoolFlag{Name: "quiet", Aliases: []string{"q"}, Usage: "no progress on stderr"}
}

// view shows how far the runs are: a line for each run in progress, drawn again and again on a terminal; a plain line every
// few seconds elsewhere. Runs may tell of themselves at the same time.
type view struct {
	mu       sync.Mutex
	out      io.Writer
	width    int // of the terminal, 0: not a terminal
	interval time.Duration
	now      func() time.Time
	next     map[int]time.Time // by run: when it is shown again
	running  []pipeline.Stage  // in the order of their beginning
	drawn    int               // lines that stand on the terminal and are drawn over
}

// newView draws on w; a quiet view draws nothing.
func newView(w io.Writer, quiet bool) *view {
	v := &view{out: w, interval: 5 * time.Second, now: time.Now, next: map[int]time.Time{}}
	if quiet {
		v.out = io.Discard
	}
	if file, ok := w.(*os.File); ok && term.IsTerminal(int(file.Fd())) {
		v.width, _, _ = term.GetSize(int(file.Fd()))
		v.interval = 100 * time.Millisecond
	}
	return v
}

// show takes note of a stage and draws if it is time to: always when a run begins or ends.
func (v *view) show(s pipeline.Stage) {
	v.mu.Lock()
	defer v.mu.Unlock()
	due, known := v.next[s.Run]
	over := s.Steps > 0 && s.Step == s.Steps
	fresh := !known || s.Steps == 0
	if !fresh && !over && v.now().Before(due) {
		return
	}
	v.next[s.Run] = v.now().Add(v.interval)
	if v.width == 0 {
		fmt.Fprintln(v.out, stageLine(s, 0))
		return
	}
	v.draw(s, over)
}

// draw puts the lines of the runs in progress over those that were drawn before. The line of a run that is over stays.
func (v *view) draw(s pipeline.Stage, over bool) {
	at := slices.IndexFunc(v.running, func(r pipeline.Stage) bool { return r.Run == s.Run })
	if at < 0 {
		at = len(v.running)
		v.running = append(v.running, s)
	}
	v.running[at] = s
	if v.drawn > 0 {
		fmt.Fprintf(v.out, "\x1b[%dA", v.drawn)
	}
	if over {
		v.running = slices.Delete(v.running, at, at+1)
		v.line(s)
	}
	for _, r := range v.running {
		v.line(r)
	}
	v.drawn = len(v.running)
}

// line draws one line, cut to the terminal's width.
func (v *view) line(s pipeline.Stage) {
	text := []rune(stageLine(s, 20))
	fmt.Fprintf(v.out, "\r\x1b[2K%s\n", string(text[:min(len(text), max(0, v.width-1))]))
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
