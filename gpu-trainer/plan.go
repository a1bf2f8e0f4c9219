package trainer

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"math"
	"slices"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// Plan is everything that determines a run except the data, the starting weights and the secret key. It is validated
// once, drives training, stands in the ledger's header, and is what the accountant prices: sampler, clip, noise and
// accounting cannot disagree. Zero fields take the values in brackets.
type Plan struct {
	NonPrivate bool `json:"non_private,omitempty"` // no clipping, no noise, no ledger: the twin that a private run is compared with

	// Lots. All of this is public: they must not be adapted to who is in the data.
	Sampler           string  `json:"sampler,omitempty"`       // a kind of dp.Sampler [poisson; non-private: shuffle]
	DatasetSize       int64   `json:"dataset_size"`            // N [rows of the source, and one for each canary]
	ExpectedBatchSize int64   `json:"expected_batch_size"`     // B: what every sum is divided by, whatever the lot's real size
	SamplingRate      float64 `json:"sampling_rate,omitempty"` // q [B/N]
	MaxLot            int64   `json:"max_lot,omitempty"`       // sampler truncated-poisson: most rows of a lot
	Steps             int64   `json:"steps"`                   // T

	// Privacy.
	Epsilon         float64      `json:"epsilon,omitempty"`          // the budget; 0 with a noise multiplier: no budget, the price is told
	Delta           float64      `json:"delta,omitempty"`            // in (0, 1/N)
	NoiseMultiplier float64      `json:"noise_multiplier,omitempty"` // noise over sensitivity [the least that certifiably meets epsilon and delta]
	ClippingNorm    float64      `json:"clipping_norm,omitempty"`    // C; with AdaptiveClip the first one
	ClippingMode    string       `json:"clipping_mode,omitempty"`    // a mode of dp.Clip [flat]
	AdaptiveClip    *dp.Adaptive `json:"adaptive_clip,omitempty"`    // moves C towards a quantile of the norms [none]
	Phases          []Phase      `json:"phases,omitempty"`           // schedule of noise and clip [one phase of Steps]
	Audit           *Audit       `json:"audit,omitempty"`            // canaries [none]
	Seed            *uint64      `json:"seed,omitempty"`             // repeatable for tests; known noise protects nobody [a secret key]

	// Learning.
	Method       model.Method `json:"method"`
	Optimizer    dp.Optimizer `json:"optimizer"`
	LearningRate float64      `json:"learning_rate"`
	Schedule     Schedule     `json:"schedule"`
	Dropout      bool         `json:"dropout,omitempty"`   // at the rates of the model's configuration, to the next 2⁻¹⁶: 0.1 is 6554/65536
	Precision    string       `json:"precision,omitempty"` // float32 or float64 [float32]
}

// Phase is a stretch of a run with its own noise and clip, relative to the plan's.
type Phase struct {
	Steps       int64   `json:"steps"`
	NoiseFactor float64 `json:"noise_factor,omitempty"` // times NoiseMultiplier [1]
	ClipFactor  float64 `json:"clip_factor,omitempty"`  // times ClippingNorm [1]
}

// withDefaults fills in what follows from the other fields, without the accountant.
func (p Plan) withDefaults(rows int64) Plan {
	p.Audit = p.Audit.withDefaults()
	if p.DatasetSize == 0 {
		p.DatasetSize = rows + p.Audit.Slots()
	}
	if p.Sampler == "" {
		p.Sampler = dp.Poisson
		if p.NonPrivate {
			p.Sampler = dp.Shuffle
		}
	}
	if p.SamplingRate == 0 && p.DatasetSize > 0 {
		p.SamplingRate = float64(p.ExpectedBatchSize) / float64(p.DatasetSize)
	}
	if p.ClippingMode == "" {
		p.ClippingMode = dp.ClipFlat
	}
	if p.Precision == "" {
		p.Precision = "float32"
	}
	if len(p.Phases) == 0 {
		p.Phases = []Phase{{Steps: p.Steps}}
	}
	p.Method, p.Optimizer, p.Schedule = p.Method.WithDefaults(), p.Optimizer.WithDefaults(), p.Schedule.withDefaults(p.Steps)
	return p.withPhaseDefaults()
}

func (p Plan) withPhaseDefaults() Plan {
	phases := make([]Phase, len(p.Phases))
	for i, f := range p.Phases {
		phases[i] = Phase{f.Steps, oneIfZero(f.NoiseFactor), oneIfZero(f.ClipFactor)}
	}
	p.Phases = phases
	if p.AdaptiveClip != nil {
		a := p.AdaptiveClip.WithDefaults(p.ExpectedBatchSize)
		p.AdaptiveClip = &a
	}
	return p
}

func oneIfZero(v float64) float64 {
	if v == 0 {
		return 1
	}
	return v
}

// phase is the one that a step (from 1) belongs to.
func (p Plan) phase(step int64) Phase {
	for _, f := range p.Phases {
		if step <= f.Steps {
			return f
		}
		step -= f.Steps
	}
	return p.Phases[len(p.Phases)-1]
}

// noiseAt is the noise multiplier of a step: of all that the step releases together.
func (p Plan) noiseAt(step int64) float64 { return p.NoiseMultiplier * p.phase(step).NoiseFactor }

// gradientNoiseAt is the multiplier of the gradients alone: larger where an adaptive clip also releases a count.
func (p Plan) gradientNoiseAt(step int64) float64 {
	if p.AdaptiveClip == nil {
		return p.noiseAt(step)
	}
	return p.AdaptiveClip.GradientMultiplier(p.noiseAt(step))
}

// clipMoves tells whether the clipping norm is not the same at every step; the ledger then has it step by step.
func (p Plan) clipMoves() bool {
	return p.AdaptiveClip != nil || slices.ContainsFunc(p.Phases, func(f Phase) bool { return f.ClipFactor != 1 })
}

// sampler draws the lots of the plan.
func (p Plan) sampler() *dp.Sampler {
	return &dp.Sampler{Kind: p.Sampler, Rows: p.DatasetSize, Rate: p.SamplingRate, Size: p.ExpectedBatchSize, Limit: p.MaxLot}
}

// optimizerAt is the optimiser of a step; adambc must know the variance of the noise on one number of the gradient.
func (p Plan) optimizerAt(g dp.Grid) dp.Optimizer {
	o := p.Optimizer
	if o.Kind == dp.AdamBC {
		noise := g.Scale * g.Quantum / float64(p.ExpectedBatchSize)
		o.NoiseVariance = noise * noise
	}
	return o
}

// Hash identifies the plan: the SHA-256 of its JSON.
func (p Plan) Hash() string {
	data, err := json.Marshal(p)
	if err != nil {
		return "" // only a plan that Validate refuses holds NaN or Inf
	}
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
