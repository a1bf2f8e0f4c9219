package trainer

import (
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// In float16 a lot's sums are the same integers whatever the packing and the order, as in float32.
func TestFloat16SumsAreIdenticalToTheBit(t *testing.T) {
	needDevice(t, "opencl")
	for name, method := range methods() {
		t.Run(name, func(t *testing.T) { checkInvariance(t, "opencl-float16", method, dp.ClipFlat) })
	}
}

// float16 is float32 on a model whose frozen matrices were rounded to 11 bits, and nothing else: every norm, sum,
// logit and weight has the same bits.
func TestFloat16RoundsFrozenMatricesAlone(t *testing.T) {
	needDevice(t, "opencl")
	for name, method := range methods() {
		for _, products := range []string{"strips", "tiles"} {
			t.Run(name+"/"+products, func(t *testing.T) {
				whole, rounded := tinyModel(model.BERT), tinyModel(model.BERT)
				changed := 0
				for i, w := range rounded.Tensors {
					if len(w.Shape) != 2 || method.WithDefaults().Trains(rounded.Config, w.Name) {
						continue
					}
					for j, v := range w.Data {
						_, exponent := math.Frexp(float64(v))
						unit := math.Ldexp(1, max(exponent, -13)-11)
						w.Data[j] = float32(math.RoundToEven(float64(v)/unit) * unit)
						if w.Data[j] != whole.Tensors[i].Data[j] {
							changed++
						}
					}
				}
				if changed == 0 && method.Kind != model.Full {
					t.Fatal("no number is rounded: the test sees nothing")
				}
				o := EngineOptions{Device: "opencl", DeviceProducts: products}
				want := runOn(t, rounded, method, o, map[string]bool{})
				o.Precision = Float16
				got := runOn(t, whole, method, o, map[string]bool{})
				for what, pair := range map[string][2][]float64{"norms": {got.norms, want.norms}, "sums": {got.sums, want.sums}, "logits": {got.logits, want.logits}, "weights": {got.weights, want.weights}} {
					if !slices.Equal(pair[0], pair[1]) {
						t.Errorf("%s differ from those of float32 with rounded matrices", what)
					}
				}
			})
		}
	}
}

// A frozen matrix that float16 cannot hold is refused by name, before anything is trained; a trained one may grow as
// it likes. The CPU has no float16.
func TestFloat16Refuses(t *testing.T) {
	needDevice(t, "opencl")
	m := tinyModel(model.BERT)
	name := "bert.encoder.layer.1.attention.output.dense.weight"
	for _, w := range m.Tensors {
		if w.Name == name {
			w.Data[3] = 1e5
		}
	}
	o := EngineOptions{Device: "opencl", Precision: Float16}
	b := randomExamples(m.Config, 2)
	logits := make([]float64, 2*m.Config.NumLabels)
	fatal(t, newEngine(t, m, methods()["full"], o).Logits(b, logits))
	err := newEngine(t, m, methods()["lora"], o).Logits(b, logits)
	if err == nil || !strings.Contains(err.Error(), "tensor "+name+": number 3 is 100000") {
		t.Errorf("error %v: want one that names the tensor", err)
	}
	for _, device := range []string{"", "cpu"} {
		if _, err := NewEngine(m, model.Method{}, EngineOptions{Device: device, Precision: Float16}); err == nil || !strings.Contains(err.Error(), "precision float16: only on an OpenCL device") {
			t.Errorf("device %q: error %v", device, err)
		}
	}
}
