package datasets

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// GLUEPath finds the file of a split. dir is a GLUE folder, which holds one folder a task, or a task's own folder
// (an LM-BFF k-shot folder is one). Where train.tsv is absent, train.sample.tsv is taken: the returned name tells.
func GLUEPath(dir string, task Task, split string) (string, error) {
	s, err := task.Split(split)
	if err != nil {
		return "", err
	}
	for _, folder := range []string{filepath.Join(dir, task.Folder), dir} {
		for _, name := range s.Files {
			path := filepath.Join(folder, name)
			if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() {
				return path, nil
			}
		}
	}
	return "", fmt.Errorf("data %s: the %s split of %s needs %s: %w", dir, split, task.Name,
		filepath.Join(task.Folder, strings.Join(s.Files, " or ")), fs.ErrNotExist)
}

// OpenGLUE reads one split of a task from GLUE's own tab-separated files; see [GLUEPath] for dir. Columns are found by
// the header's names, so the training (12), development (16) and test (10) layouts of MNLI are all read. There is no
// quoting: a quotation mark is text. A file without label column gives [Unlabelled] rows.
func OpenGLUE(dir string, task Task, split string) (Reader, error) {
	path, err := GLUEPath(dir, task, split)
	if err != nil {
		return nil, err
	}
	return openTable(path, task)
}
