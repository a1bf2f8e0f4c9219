package kernels

import "math"

// CrossEntropy computes each example's loss -log softmax(logits)[label] and its
// own gradient softmax(logits) - onehot(label). logits and dlogits are
// [examples,classes]; loss and labels [examples]. An example whose label is
// negative has no label: its loss and gradient are 0.
func CrossEntropy[T Float](logits []T, examples, classes int, labels []int32, loss, dlogits []T) {
	for i := range examples {
		x, d := logits[i*classes:][:classes], dlogits[i*classes:][:classes]
		if labels[i] < 0 {
			loss[i] = 0
			clear(d)
			continue
		}
		loss[i] = crossEntropyRow(x, int(labels[i]), d)
	}
}

func crossEntropyRow[T Float](x []T, label int, d []T) T {
	top := math.Inf(-1)
	for _, v := range x {
		top = math.Max(top, float64(v))
	}
	var sum float64
	for _, v := range x {
		sum += math.Exp(float64(v) - top)
	}
	for j, v := range x {
		d[j] = T(math.Exp(float64(v)-top) / sum)
	}
	// 1 - p is formed from the others' shares: no cancellation when p is near 1.
	var rest float64
	for j, v := range x {
		if j != label {
			rest += math.Exp(float64(v) - top)
		}
	}
	d[label] = T(-rest / sum)
	return T(math.Log(sum) + top - float64(x[label]))
}
