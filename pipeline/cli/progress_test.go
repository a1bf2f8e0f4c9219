package cli

import (
	"bytes"
	"testing"
	"time"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/pipeline"
)

func stageAt(run int, name string, step int64) pipeline.Stage {
	return pipeline.Stage{Run: run, Runs: 2, Name: name, Progress: trainer.Progress{
		Step: step, Steps: 4, LotSize: 9, Loss: 0.5, Private: true, Epsilon: 1.25, Left: 3 * time.Second,
	}}
}

// TestProgressLines shows two runs at once where there is no terminal: the first step, the last, and what falls due.
func TestProgressLines(t *testing.T) {
	var out bytes.Buffer
	clock := time.Unix(0, 0)
	v := newView(&out, false)
	v.now = func() time.Time { return clock }
	v.show(stageAt(1, "a", 1))
	v.show(stageAt(1, "a", 2)) // too soon
	v.show(stageAt(2, "b", 1))
	clock = clock.Add(6 * time.Second)
	v.show(stageAt(1, "a", 3))
	v.show(stageAt(2, "b", 4))
	want := "[1/2] a step 1/4 lot 9 loss 0.500 epsilon 1.250 left 3s\n" +
		"[2/2] b step 1/4 lot 9 loss 0.500 epsilon 1.250 left 3s\n" +
		"[1/2] a step 3/4 lot 9 loss 0.500 epsilon 1.250 left 3s\n" +
		"[2/2] b step 4/4 lot 9 loss 0.500 epsilon 1.250 left 3s\n"
	if out.String() != want {
		t.Errorf("got\n%swant\n%s", out.String(), want)
	}
}

// TestProgressOnTerminal keeps the line of a run that is over and draws the others again, within the width.
func TestProgressOnTerminal(t *testing.T) {
	var out bytes.Buffer
	v := newView(&out, false)
	v.width = 20
	v.show(stageAt(1, "a", 1))
	v.show(stageAt(2, "b", 1))
	out.Reset()
	v.show(stageAt(1, "a", 4))
	want := "\x1b[2A\r\x1b[2K[1/2] a ###########\n\r\x1b[2K[2/2] b #####......\n"
	if out.String() != want {
		t.Errorf("got %q, want %q", out.String(), want)
	}
	out.Reset()
	v.show(stageAt(2, "b", 4))
	if want := "\x1b[1A\r\x1b[2K[2/2] b ###########\n"; out.String() != want {
		t.Errorf("after one run is over: got %q, want %q", out.String(), want)
	}
}
