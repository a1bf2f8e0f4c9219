package cpu

import (
	"github.com/ewtune/ewtune/gpu-trainer/machine"
	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
)

// table maps each kernel's name to the function that binds it.
func table[T kernels.Float]() map[string]func(call[T]) machine.Run {
	return map[string]func(call[T]) machine.Run{
		"embed": embed[T], "embed.add": embed[T], "activations": activations[T],
		"linear": linear[T], "linear.add": linearAdd[T], "linear.gradinput": linearGradInput[T], "linear.gradinput.add": linearGradInputAdd[T],
		"layernorm": layerNorm[T], "layernorm.gradinput": layerNormGradInput[T],
		"attention": attention[T], "attention.grad": attentionGrad[T],
		"gelu": gelu[T], "multiply": multiply[T], "tanh": tanh[T], "tanh.grad": tanhGrad[T],
		"add": add[T], "scale": scale[T], "copy": duplicate[T], "dropout": dropout[T],
		"pool.first": pool[T](kernels.PoolFirst[T]), "pool.first.grad": poolGrad[T](kernels.PoolFirstGrad[T]),
		"pool.mean": pool[T](kernels.PoolMean[T]), "pool.mean.grad": poolGrad[T](kernels.PoolMeanGrad[T]),
		"prompt.add": promptAdd[T], "prompt.rows": promptRows[T],
		"crossentropy": crossEntropy[T], "beside": beside[T],
		"zeros": zeros[T], "clip": clip[T],
		"linear.norm": linearNorm[T], "linear.norms": linearNorms[T], "bias.norm": biasNorm[T], "layernorm.norm": layerNormNorm[T], "embed.norm": embedNorm[T],
		"linear.keep": linearKeep[T], "bias.keep": biasNorm[T], "layernorm.keep": layerNormNorm[T],
		"linear.sum": linearSum[T], "bias.sum": biasSum[T], "layernorm.sum": layerNormSum[T], "embed.sum": embedSum[T],
		"linear.grad": linearGrad[T], "bias.grad": biasGrad[T], "layernorm.grad": layerNormGrad[T], "embed.grad": embedGrad[T],
	}
}
