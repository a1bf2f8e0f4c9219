// Command ewtune fine-tunes language models with differential privacy and says exactly what that cost.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"

	"github.com/ewtune/ewtune/pipeline/cli"
)

func main() {
	os.Exit(cli.Main(untilInterrupted(), os.Args, os.Stdin, os.Stdout, os.Stderr))
}

// untilInterrupted is done when the user interrupts: the command then ends what it is at and keeps it. A second
// interrupt ends the process at once, whatever it waits for, such as a device's driver.
func untilInterrupted() context.Context {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop)
	return ctx
}
