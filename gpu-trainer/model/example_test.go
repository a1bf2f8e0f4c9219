package model_test

import (
	"fmt"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// A small BERT encoder, and how many of its numbers each method trains.
func Example() {
	c := model.DefaultConfig(model.BERT)
	c.VocabSize = 1000
	for _, kind := range []string{model.Full, model.LoRA, model.BitFit, model.Head} {
		method, numbers := model.Method{Kind: kind}, 0
		for _, s := range c.Parameters(method) {
			if method.Trains(c, s.Name) {
				numbers += s.Size()
			}
		}
		fmt.Println(kind, numbers)
	}
	// Output:
	// full 607362
	// lora 16642
	// bitfit 3330
	// head 258
}
