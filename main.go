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
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Main(ctx, os.Args, os.Stdin, os.Stdout, os.Stderr))
}
