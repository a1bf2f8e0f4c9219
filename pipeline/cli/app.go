// Package cli is the command line of ewtune: flags in, packages called, results on stdout.
//
// Every command writes its result to stdout and its progress to stderr. Errors are one sentence that names the
// argument or file:line, the value and the rule. The exit code says how it ended; see [ExitCode].
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/urfave/cli/v2"
)

// Exit codes of the command.
const (
	ExitSuccess      = 0
	ExitInternal     = 1 // a fault of ours
	ExitUsage        = 2 // bad usage or bad input
	ExitFailed       = 3 // a gate or a claim failed
	ExitInconclusive = 4 // the data cannot decide
)

// exitError is an error that chose its exit code.
type exitError struct {
	code int
	err  error
}

func (e *exitError) Error() string { return e.err.Error() }
func (e *exitError) Unwrap() error { return e.err }

// internalError marks a fault of ours; failedError a gate or claim that does not hold; inconclusiveError one that the
// data cannot decide. Every other error is bad usage or input.
func internalError(err error) error     { return &exitError{ExitInternal, err} }
func failedError(err error) error       { return &exitError{ExitFailed, err} }
func inconclusiveError(err error) error { return &exitError{ExitInconclusive, err} }

// ExitCode gives the exit code that err stands for.
func ExitCode(err error) int {
	var chosen *exitError
	switch {
	case err == nil:
		return ExitSuccess
	case errors.As(err, &chosen):
		return chosen.code
	default:
		return ExitUsage
	}
}

// Main runs the command, prints its error as one line and returns the exit code.
func Main(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	err := Run(ctx, args, stdin, stdout, stderr)
	if err != nil && err.Error() != "" {
		fmt.Fprintln(stderr, "ewtune:", err)
	}
	return ExitCode(err)
}

// Run runs the command with args[0] as its name. It never exits the process.
func Run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) error {
	app := &cli.App{
		Name:      "ewtune",
		Usage:     "fine-tune language models with differential privacy, with a certified epsilon",
		Reader:    stdin,
		Writer:    stdout,
		ErrWriter: stderr,
		// The caller decides how to end; the library must not.
		ExitErrHandler: func(*cli.Context, error) {},
		Commands:       tersely(commands()),
		OnUsageError:   usageError,
		HideVersion:    true,
		Suggest:        true,
	}
	return app.RunContext(ctx, flagsFirst(app.Commands, args))
}

// commands lists the commands by room; each room's file defines its own.
func commands() []*cli.Command {
	var all []*cli.Command
	for _, room := range [][]*cli.Command{
		accountingCommands(),
		datasetsCommands(),
		trainingCommands(),
		reproduceCommands(),
		evalCommands(),
		benchCommands(),
	} {
		all = append(all, room...)
	}
	return all
}
