package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/report"
	"github.com/urfave/cli/v2"
)

// openReport reads a report given as its folder or as its file.
func openReport(path string) (eval.Side, error) {
	folder, name, err := reportFile(path)
	if err != nil {
		return eval.Side{}, err
	}
	text, err := os.ReadFile(filepath.Join(folder, name))
	if err != nil {
		return eval.Side{}, err
	}
	r, err := eval.ReadReport(text, filepath.Join(folder, name))
	return eval.Side{Report: r, Folder: os.DirFS(folder)}, err
}

// reportFile splits the path of a report, or of the folder that holds report.json.
func reportFile(path string) (folder, name string, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return "", "", fmt.Errorf("report %q: no such file or folder", path)
	case err != nil:
		return "", "", err
	case !info.IsDir():
		return filepath.Dir(path), filepath.Base(path), nil
	}
	if _, err := os.Stat(filepath.Join(path, "report.json")); errors.Is(err, fs.ErrNotExist) {
		return "", "", fmt.Errorf("folder %s: holds no report.json; `ewtune eval report %s` writes it", path, path)
	}
	return path, "report.json", nil
}

// runFolder refuses a path that is no folder.
func runFolder(path string) error {
	info, err := os.Stat(path)
	if err != nil || !info.IsDir() {
		return fmt.Errorf("run folder %q: must be a folder", path)
	}
	return nil
}

// writeFiles writes files into the folder, each to a temporary name that is renamed when it is whole.
func writeFiles(folder string, files []report.File) error {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return err
	}
	for _, file := range files {
		if err := writeFile(filepath.Join(folder, file.Name), file.Data); err != nil {
			return err
		}
	}
	return nil
}

func writeFile(path string, data []byte) (err error) {
	temporary, err := os.CreateTemp(filepath.Dir(path), ".ewtune-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			os.Remove(temporary.Name())
		}
	}()
	_, err = temporary.Write(data)
	if err := errors.Join(err, temporary.Chmod(0o644), temporary.Close()); err != nil {
		return err
	}
	return os.Rename(temporary.Name(), path)
}

// stepSummary appends to the file that a build server shows beside its log, if one is named.
func stepSummary(c *cli.Context, text []byte) error {
	path := c.String("step-summary")
	if path == "" {
		return nil
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return fmt.Errorf("step-summary: %w", err)
	}
	_, err = f.Write(text)
	return errors.Join(err, f.Close())
}

func stepSummaryFlag() cli.Flag {
	return &cli.StringFlag{Name: "step-summary", EnvVars: []string{"GITHUB_STEP_SUMMARY"}, Usage: "append markdown to `FILE`, as GitHub shows it beside a job"}
}
