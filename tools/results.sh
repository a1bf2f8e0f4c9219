#!/usr/bin/env bash
# Makes docs/RESULTS.md and docs/results: tools/results.sh GLUE MINILM RUNS TASK...
#
# GLUE holds the tasks' folders, MINILM the encoder all-MiniLM-L6-v2, RUNS what is trained: a call that was stopped is gone
# on with by the same call. EWTUNE_OPACUS names a Python that has torch, transformers, opacus, safetensors and pyarrow;
# without it the runs of Opacus that RUNS/peers.jsonl already holds are shown.
set -euo pipefail
cd "$(dirname "$0")/.."
glue=$1 model=$2 runs=$3
shift 3
mkdir -p "$runs"
go build -o "$runs/ewtune" .
for task in "$@"; do
	"$runs/ewtune" reproduce --tasks "$task" --data "$glue" --model "$model" --pooling mean --precision bfloat16 --cache "$runs/cache" \
		--methods head --linear-head --batch-size "$([ "$task" = sst2 ] && echo 1000 || echo 500)" --epochs "$([ "$task" = sst2 ] && echo 5 || echo 20)" \
		--learning-rate 1e-2 --clip 0.3 --twin --accountants certified,rdp,edgeworth --allow-estimate \
		--epsilons 8,3 --deltas 1e-5 --seeds 0,1,2,3,4 --jobs 1 --out "$runs/$task"
done
# SST-2 again with low-rank pairs in the encoder's last layers, at (8, 1e-5): lora FOLDER NAME LAYERS BATCH EPOCHS
lora() {
	for seed in 0 1 2 3 4; do
		out="$runs/$1/sst2-eps8-certified-$2-s$seed"
		[ -e "$out/run.json" ] && continue
		if [ -e "$out/plan.json" ]; then
			"$runs/ewtune" resume "$out"
		else
			"$runs/ewtune" train --task sst2 --data "$glue" --model "$model" --pooling mean --precision bfloat16 --cache "$runs/cache" \
				--method lora --rank 4 --train-layers "$3" --targets query,value,attention.output,intermediate,output --linear-head \
				--batch-size "$4" --epochs "$5" --learning-rate 2e-2 --clip 1 --epsilon 8 --delta 1e-5 --seed "$seed" --out "$out"
		fi
	done
}
case " $* " in *" sst2 "*)
	lora lora lora 1 500 1
	lora lora2 lora-2-layers 2 1000 2
	;;
esac
if [ -n "${EWTUNE_OPACUS:-}" ]; then
	touch "$runs/peers.jsonl"
	for run in "$runs"/*/runs/*-nonprivate-* "$runs"/*/runs/*-certified-* "$runs"/lora*/*; do
		[ -e "$run/run.json" ] || continue
		[ -e "$runs/peers.done/$(basename "$run")" ] && continue
		"$EWTUNE_OPACUS" tools/peers/opacus_run.py --run "$run" --cache "$runs/cache" --model "$model" >>"$runs/peers.jsonl"
		mkdir -p "$runs/peers.done" && touch "$runs/peers.done/$(basename "$run")"
	done
fi
rm -rf docs/results docs/RESULTS.md
"$runs/ewtune" eval publish --about docs/results-about.md --peers "$runs/peers.jsonl" --out docs "$runs"
