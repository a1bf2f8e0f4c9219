package eval

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
)

// Verification is the outcome of computing a report again.
type Verification struct {
	Files    int       `json:"files"`    // whose hashes were checked
	Figures  int       `json:"figures"`  // values compared
	Problems []Problem `json:"problems"` // empty: everything agrees
}

// Problem is one thing that is not as the report states it.
type Problem struct {
	Where    string `json:"where"` // a file, or the path of a figure in report.json
	Stated   string `json:"stated"`
	Computed string `json:"computed"`
}

func (p Problem) String() string {
	return fmt.Sprintf("%s: stated %s, computed %s", p.Where, p.Stated, p.Computed)
}

// Verify computes everything that report.json in the folder states from the files beside it: hashes, metrics,
// epsilon, settings and tests. text is the content of report.json. What was counted or measured must be equal to the last
// bit, and what an accountant computed to within accountingTolerance.
//
// A report of ours is compared whole, so a figure that was removed is found too. A report made elsewhere, one without
// run.json files, is built from the runs that it embeds, and what it states is compared.
func Verify(folder fs.FS, text []byte) (*Verification, error) {
	stated, err := ReadReport(text, "report.json")
	if err != nil {
		return nil, err
	}
	v := &Verification{Problems: []Problem{}}
	v.checkFiles(folder, stated)
	computed, ours, err := rebuild(folder, stated)
	if err != nil {
		v.problem("run folder", "a report", err.Error())
		return v, nil
	}
	return v, v.compare(text, computed, ours)
}

func (v *Verification) problem(where, stated, computed string) {
	v.Problems = append(v.Problems, Problem{where, stated, computed})
}

func (v *Verification) checkFiles(folder fs.FS, stated *Report) {
	for _, file := range stated.Files {
		v.Files++
		text, err := fs.ReadFile(folder, file.Path)
		sum := sha256.Sum256(text)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			v.problem(file.Path, "SHA-256 "+file.SHA256, "the file is missing")
		case err != nil:
			v.problem(file.Path, "SHA-256 "+file.SHA256, err.Error())
		case hex.EncodeToString(sum[:]) != file.SHA256:
			v.problem(file.Path, "SHA-256 "+file.SHA256, hex.EncodeToString(sum[:]))
		}
	}
}

// rebuild builds the report again; ours says that run.json files were there to build it from.
func rebuild(folder fs.FS, stated *Report) (report *Report, ours bool, err error) {
	for _, run := range stated.Runs {
		if _, err := fs.Stat(folder, path.Join(run.Folder, "run.json")); err == nil {
			report, err = Build(folder)
			return report, true, err
		}
	}
	report, err = buildEmbedded(folder, stated)
	return report, false, err
}

// buildEmbedded builds a report of the runs that it embeds itself.
func buildEmbedded(folder fs.FS, stated *Report) (*Report, error) {
	b := newBuilder(folder)
	var runs []RunReport
	for i := range stated.Runs {
		if err := stated.Runs[i].Run.validate(); err != nil {
			return nil, fmt.Errorf("run %q: %w", stated.Runs[i].Run.Name, err)
		}
		run, err := b.figures(&stated.Runs[i].Run, stated.Runs[i].Folder)
		if err != nil {
			return nil, err
		}
		runs = append(runs, *run)
	}
	return b.report(runs)
}

// compare walks both documents. With whole, each must hold exactly what the other holds.
func (v *Verification) compare(text []byte, computed *Report, whole bool) error {
	again, err := computed.JSON()
	if err != nil {
		return err
	}
	var stated, fresh any
	if err := json.Unmarshal(text, &stated); err != nil {
		return err
	}
	if err := json.Unmarshal(again, &fresh); err != nil {
		return err
	}
	v.walk("", stated, fresh, whole)
	return nil
}

func (v *Verification) walk(where string, stated, computed any, whole bool) {
	switch s := stated.(type) {
	case map[string]any:
		if c, ok := computed.(map[string]any); ok {
			v.walkObject(where, s, c, whole)
			return
		}
	case []any:
		if c, ok := computed.([]any); ok {
			v.walkList(where, s, c, whole)
			return
		}
	default:
		v.Figures++
		if stated == computed || sameAccounting(where, stated, computed) {
			return
		}
	}
	v.problem(where, brief(stated), brief(computed))
}

func (v *Verification) walkObject(where string, stated, computed map[string]any, whole bool) {
	for _, key := range slices.Sorted(maps.Keys(stated)) {
		other, found := computed[key]
		if !found {
			v.problem(where+"."+key, brief(stated[key]), "nothing")
			continue
		}
		v.walk(where+"."+key, stated[key], other, whole)
	}
	for _, key := range slices.Sorted(maps.Keys(computed)) {
		if _, found := stated[key]; !found && whole {
			v.problem(where+"."+key, "nothing", brief(computed[key]))
		}
	}
}

func (v *Verification) walkList(where string, stated, computed []any, whole bool) {
	if len(stated) != len(computed) && (whole || len(stated) > 0) {
		v.problem(where, fmt.Sprintf("%d entries", len(stated)), fmt.Sprintf("%d entries", len(computed)))
		return
	}
	for i := range stated {
		v.walk(fmt.Sprintf("%s[%d]", where, i), stated[i], computed[i], whole)
	}
}

// brief prints a JSON value on part of a line.
func brief(value any) string {
	text, err := json.Marshal(value)
	if err != nil {
		return err.Error()
	}
	if len(text) > 80 {
		return string(text[:77]) + "..."
	}
	return string(text)
}
