package main

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const module = "github.com/ewtune/ewtune/"

// allowedImports lists, for each package of the product, the packages of the product that it may import. A package
// below a listed folder may import what the folder may, the folder itself and the folder's other packages.
// RATIONALE.md says why the arrows run this way.
var allowedImports = map[string][]string{
	".":                 {"pipeline/cli"},
	"pipeline/cli":      {"pipeline", "datasets", "gpu-trainer", "eval", "accountant"},
	"pipeline":          {"datasets", "gpu-trainer", "eval", "accountant"},
	"datasets":          {},
	"gpu-trainer":       {"accountant"},
	"eval":              {"accountant"},
	"wasm":              {"accountant"},
	"accountant":        {},
	"accountant/kernel": {},
}

// TestImportArrows fails on an import between packages of the product that the architecture does not have, and on any
// import but math by the accountant's kernel.
func TestImportArrows(t *testing.T) {
	seen := map[string]bool{}
	err := filepath.WalkDir(".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if path == "tools" || path == filepath.Join("pipeline", "beam") || entry.Name() == "node_modules" ||
				entry.Name() == "testdata" || (path != "." && strings.HasPrefix(entry.Name(), ".")) {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		from := filepath.ToSlash(filepath.Dir(path))
		room := roomOf(from)
		seen[room] = true
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if room == "accountant/kernel" && imported != "math" && imported != "math/bits" {
				t.Errorf("%s imports %s: the kernel imports only math", path, imported)
			}
			to, ours := strings.CutPrefix(imported, module)
			if ours && !mayImport(room, to) {
				t.Errorf("%s imports %s: %s may import only %v", path, to, room, allowedImports[room])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for room := range allowedImports {
		if !seen[room] {
			t.Errorf("no package found for %q: the list of arrows is out of date", room)
		}
	}
}

// roomOf is the longest listed folder that holds the package.
func roomOf(folder string) string {
	for ; folder != "."; folder = filepath.ToSlash(filepath.Dir(folder)) {
		if _, listed := allowedImports[folder]; listed {
			return folder
		}
	}
	return "."
}

func mayImport(room, to string) bool {
	return roomOf(to) == room || slices.ContainsFunc(allowedImports[room], func(allowed string) bool {
		return to == allowed || strings.HasPrefix(to, allowed+"/")
	}) || room == "accountant" && to == "accountant/kernel"
}
