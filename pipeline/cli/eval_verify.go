package cli

import (
	"fmt"
	"os"
	"path/filepath"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/report"
	"github.com/urfave/cli/v2"
)

func evalVerifyCommand() *cli.Command {
	return &cli.Command{
		Name:      "verify",
		Usage:     "compute a report again from its files, and name whatever differs",
		ArgsUsage: "FOLDER",
		Description: "Checks every hash, metric and epsilon of report.json, and that the pages beside it say the same. Exit code 3\n" +
			"when anything differs. A report made elsewhere is verified from the predictions and ledgers that it names.\n\n" +
			"Example: ewtune eval verify runs/sst2",
		Flags:  []cli.Flag{jsonFlag()},
		Action: evalVerify,
	}
}

func evalVerify(c *cli.Context) error {
	path, err := oneArgument(c, "the run folder")
	if err != nil {
		return err
	}
	folder, name, err := reportFile(path)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	verification, err := eval.Verify(os.DirFS(folder), text)
	if err != nil {
		return err
	}
	pages, err := report.VerifyPages(os.DirFS(folder), text)
	if err != nil {
		return err
	}
	verification.Problems = append(verification.Problems, pages...)
	return showVerification(c, verification)
}

func showVerification(c *cli.Context, v *eval.Verification) error {
	if c.Bool("json") {
		if err := printJSON(c.App.Writer, v); err != nil {
			return err
		}
	} else {
		for _, problem := range v.Problems {
			fmt.Fprintln(c.App.Writer, problem)
		}
	}
	if n := len(v.Problems); n > 0 {
		return failedError(fmt.Errorf("%d of the report's statements do not hold", n))
	}
	if !c.Bool("json") {
		fmt.Fprintf(c.App.Writer, "verified: %d files, %d figures\n", v.Files, v.Figures)
	}
	return nil
}
