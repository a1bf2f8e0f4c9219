package trainer_test

import (
	"fmt"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// A plan is judged before the first step: each known way to get it wrong has a name and a remedy.
func ExamplePlan_Validate() {
	c := model.DefaultConfig(model.BERT)
	c.VocabSize = 30522
	plan := trainer.Plan{
		Sampler: "shuffle", ExpectedBatchSize: 2000, Steps: 100, Epsilon: 8, Delta: 1e-5, ClippingNorm: 1,
		Method: model.Method{Kind: model.LoRA}, LearningRate: 1e-3,
	}
	_, err := plan.Validate(67349, c)
	fmt.Println(err)
	// Output:
	// sampler shuffle: its lots are not independent, and no price of ours holds for them (shuffle-priced-as-poisson); use poisson
}
