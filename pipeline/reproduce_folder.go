package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// matrixFile holds the options of the matrix in a folder.
const matrixFile = "reproduce.json"

// claimFolder makes a new folder for the matrix, or finds that the folder holds this very matrix, and locks it.
func claimFolder(out string, o ReproduceOptions) (release func(), err error) {
	if err := refuseForeign(out); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(out, 0o777); err != nil {
		return nil, err
	}
	release, err = lockFolder(out)
	if err != nil {
		return nil, err
	}
	if err := o.claim(filepath.Join(out, matrixFile)); err != nil {
		release()
		return nil, err
	}
	return release, nil
}

// refuseForeign refuses a folder that is not a matrix's and holds anything. What begins with a dot does not count: a call that was
// killed before it could write the options leaves it.
func refuseForeign(out string) error {
	if _, err := os.Stat(filepath.Join(out, matrixFile)); err == nil {
		return nil
	}
	entries, _ := os.ReadDir(out)
	begun := !slices.ContainsFunc(entries, func(e os.DirEntry) bool { return !strings.HasPrefix(e.Name(), ".") })
	if info, err := os.Stat(out); err == nil && info.IsDir() && begun {
		return nil
	}
	return refuseExisting(out)
}

// claim writes the options into their file, or compares them with those that are there. They are compared as they are written:
// an empty list and none are the same.
func (o ReproduceOptions) claim(path string) error {
	given, err := json.Marshal(o)
	if err != nil {
		return err
	}
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return writeJSON(path, o)
	}
	if err != nil {
		return err
	}
	var stored ReproduceOptions
	if err := json.Unmarshal(text, &stored); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	begun, err := json.Marshal(stored)
	if err != nil {
		return err
	}
	if !bytes.Equal(begun, given) {
		return fmt.Errorf("output folder %s: was begun with other options (%s); give the same ones or name a new folder", filepath.Dir(path), matrixFile)
	}
	return nil
}
