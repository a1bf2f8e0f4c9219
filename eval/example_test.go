package eval_test

import (
	"fmt"
	"strings"

	"github.com/ewtune/ewtune/eval"
)

// Anybody's predictions are measured: a header, then one row a line.
func ExampleMeasure() {
	const text = `{"schema":"ewtune.predictions/v1","task":"sst2","split":"dev","dataset":"d","model":"m","labels":["negative","positive"],"rows":4,"scores":""}
{"row_id":0,"label":1,"prediction":1}
{"row_id":1,"label":1,"prediction":1}
{"row_id":2,"label":0,"prediction":1}
{"row_id":3,"label":0,"prediction":0}`
	p, err := eval.ReadPredictions(strings.NewReader(text), "predictions.jsonl")
	if err != nil {
		fmt.Println(err)
		return
	}
	m, err := eval.Measure(p)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("accuracy %.2f, 95 %% interval [%.2f, %.2f]; %q alone gives %.2f\n",
		m.Accuracy.Value, m.Accuracy.Lower, m.Accuracy.Upper, m.Majority.Label, m.Majority.Accuracy)
	// Output: accuracy 0.75, 95 % interval [0.30, 0.95]; "negative" alone gives 0.50
}

// Twelve rows lost and three gained is a drop; the test says how large one must be to be seen.
func ExampleTestMcNemar() {
	m := eval.TestMcNemar(12, 3, 872)
	fmt.Printf("p(drop) = %.4f; a drop under %.2f points cannot be seen\n", m.PDrop, 100*m.Visible)
	// Output: p(drop) = 0.0106; a drop under 1.10 points cannot be seen
}
