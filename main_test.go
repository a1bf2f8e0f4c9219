package main

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// The first interrupt is heard and the second one ends a process that does not come to an end by itself.
func TestSecondInterruptEnds(t *testing.T) {
	if os.Getenv("EWTUNE_INTERRUPTED") != "" {
		ctx := untilInterrupted()
		fmt.Println("ready")
		<-ctx.Done()
		fmt.Println("heard")
		select {} // a driver that does not return
	}
	if runtime.GOOS == "windows" {
		t.Skip("no process can be interrupted by another")
	}
	child := exec.Command(os.Args[0], "-test.run", "^TestSecondInterruptEnds$", "-test.timeout", "10s")
	child.Env = append(os.Environ(), "EWTUNE_INTERRUPTED=1")
	out, err := child.StdoutPipe()
	if err == nil {
		err = child.Start()
	}
	if err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for _, want := range []string{"ready", "heard"} {
		if lines.Scan(); lines.Text() != want {
			t.Fatalf("the child says %q, want %q", lines.Text(), want)
		}
		if err := child.Process.Signal(os.Interrupt); err != nil {
			t.Fatal(err)
		}
	}
	ended := make(chan error)
	go func() { ended <- child.Wait() }()
	for {
		select {
		case err := <-ended:
			if err == nil || err.Error() != "signal: interrupt" {
				t.Errorf("the child ended with %v, want the second interrupt", err)
			}
			return
		case <-time.After(20 * time.Millisecond): // it was heard before the next one could end the process
			child.Process.Signal(os.Interrupt)
		}
	}
}
