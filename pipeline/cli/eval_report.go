package cli

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/report"
	"github.com/urfave/cli/v2"
)

func evalReportCommand() *cli.Command {
	return &cli.Command{
		Name:      "report",
		Usage:     "compute every figure of a run folder and write its report",
		ArgsUsage: "FOLDER",
		Description: "Reads each run.json below FOLDER and the files that it names, and writes report.json, report.md,\n" +
			"report.html, junit.xml and DP_STATEMENT.md into FOLDER.\n\nExample: ewtune eval report runs/sst2",
		Flags: []cli.Flag{
			jsonFlag(),
			stepSummaryFlag(),
			&cli.StringFlag{Name: "calculator", Usage: "address of the calculator page that report.html links to", Value: "calculator.html"},
			&cli.BoolFlag{Name: "model-card", Usage: "also write README.md, a Hugging Face model card"},
			&cli.BoolFlag{Name: "openmetrics", Usage: "also write metrics.txt in the OpenMetrics format"},
			&cli.BoolFlag{Name: "submission", Usage: "also write submission.zip for GLUE from the predictions.test*.jsonl below FOLDER"},
		},
		Action: evalReport,
	}
}

func evalReport(c *cli.Context) error {
	folder, err := oneArgument(c, "the run folder")
	if err != nil {
		return err
	}
	if err := runFolder(folder); err != nil {
		return err
	}
	r, err := eval.Build(os.DirFS(folder))
	if err != nil {
		return err
	}
	files, err := report.Render(r, report.Options{Calculator: c.String("calculator")})
	if err != nil {
		return internalError(err)
	}
	more, err := onDemand(c, folder, r)
	if err != nil {
		return err
	}
	if err := writeFiles(folder, append(files, more...)); err != nil {
		return err
	}
	if err := stepSummary(c, report.Markdown(r)); err != nil {
		return err
	}
	if c.Bool("json") {
		_, err := c.App.Writer.Write(files[0].Data)
		return err
	}
	if err := report.Table(c.App.Writer, r); err != nil {
		return err
	}
	_, err = fmt.Fprintf(c.App.Writer, "\n%s\n", filepath.Join(folder, "report.html"))
	return err
}

// onDemand renders the files that were asked for by flag.
func onDemand(c *cli.Context, folder string, r *eval.Report) ([]report.File, error) {
	var files []report.File
	if c.Bool("model-card") {
		files = append(files, report.File{Name: "README.md", Data: report.ModelCard(r)})
	}
	if c.Bool("openmetrics") {
		files = append(files, report.File{Name: "metrics.txt", Data: report.OpenMetrics(r)})
	}
	if c.Bool("submission") {
		predictions, err := testPredictions(os.DirFS(folder))
		if err != nil {
			return nil, err
		}
		archive, err := report.Submission(predictions)
		if err != nil {
			return nil, err
		}
		files = append(files, report.File{Name: "submission.zip", Data: archive})
	}
	return files, nil
}

// testPredictions reads every predictions.test*.jsonl below the folder.
func testPredictions(folder fs.FS) ([]*eval.Predictions, error) {
	var all []*eval.Predictions
	err := fs.WalkDir(folder, ".", func(name string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() || !strings.HasPrefix(path.Base(name), "predictions.test") {
			return err
		}
		f, err := folder.Open(name)
		if err != nil {
			return err
		}
		defer f.Close()
		p, err := eval.ReadPredictions(f, name)
		all = append(all, p)
		return err
	})
	return all, err
}
