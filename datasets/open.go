package datasets

import "os"

// OpenOptions says what to read.
type OpenOptions struct {
	Path  string // a GLUE folder or a task's own folder
	Task  string // short name
	Split string // "train", "dev", ...
}

// Input is an open split.
type Input struct {
	Reader
	Task  Task
	Files []string // what is read, for hashes and messages
}

// Open finds out what Path is and opens it.
func Open(o OpenOptions) (*Input, error) {
	if _, err := os.Stat(o.Path); err != nil {
		return nil, err
	}
	task, err := TaskByName(o.Task)
	if err != nil {
		return nil, err
	}
	path, err := GLUEPath(o.Path, task, o.Split)
	if err != nil {
		return nil, err
	}
	r, err := OpenGLUE(o.Path, task, o.Split)
	if err != nil {
		return nil, err
	}
	return &Input{Reader: r, Task: task, Files: []string{path}}, nil
}
