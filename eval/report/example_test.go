package report_test

import (
	"fmt"

	"github.com/ewtune/ewtune/eval"
	"github.com/ewtune/ewtune/eval/fixture"
	"github.com/ewtune/ewtune/eval/report"
)

// A run folder becomes the files that stand beside it.
func ExampleRender() {
	r, err := eval.Build(fixture.Folder(fixture.Options{Tasks: []string{"sst2"}, Rows: 50, Steps: 1}))
	if err != nil {
		fmt.Println(err)
		return
	}
	files, err := report.Render(r, report.Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, f := range files {
		fmt.Println(f.Name)
	}
	// Output:
	// report.json
	// report.md
	// report.html
	// junit.xml
	// DP_STATEMENT.md
}
