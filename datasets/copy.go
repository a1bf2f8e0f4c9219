package datasets

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// CopyGLUE copies the files of a task from a GLUE folder (or the task's own) into folder to, where each is first read row
// by row: a file that is malformed, or has another number of rows than GLUE's, is refused. Samples are taken as they are.
// Files that exist are never overwritten.
func CopyGLUE(ctx context.Context, from, to string, task Task) error {
	copied := 0
	for _, split := range task.Splits {
		path, err := GLUEPath(from, task, split.Name)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if err := checkSplit(ctx, path, task, split); err != nil {
			return err
		}
		if err := copyFile(path, filepath.Join(to, task.Folder, filepath.Base(path))); err != nil {
			return err
		}
		copied++
	}
	if copied == 0 {
		return fmt.Errorf("from %s: no file of task %s: %w", from, task.Name, fs.ErrNotExist)
	}
	return nil
}

// checkSplit reads a file to its end. Only GLUE's own names promise GLUE's number of rows.
func checkSplit(ctx context.Context, path string, task Task, split Split) error {
	r, err := openTable(path, task)
	if err != nil {
		return err
	}
	defer r.Close()
	for rows := 0; ; rows++ {
		_, err := r.Next()
		switch {
		case err == io.EOF && filepath.Base(path) == split.Files[0] && split.Rows > 0 && rows != split.Rows:
			return fmt.Errorf("%s: %d rows: GLUE's file has %d", path, rows, split.Rows)
		case err == io.EOF:
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		}
	}
}

// copyFile copies under a temporary name and renames.
func copyFile(from, to string) (err error) {
	if _, err := os.Lstat(to); err == nil {
		return fmt.Errorf("out %s: %w; nothing is overwritten", to, fs.ErrExist)
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o777); err != nil {
		return err
	}
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.Create(to + ".partial")
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	if err := errors.Join(err, out.Sync(), out.Close()); err != nil {
		return errors.Join(err, os.Remove(out.Name()))
	}
	return os.Rename(out.Name(), to)
}
