#!/usr/bin/env python3
"""The same private run with transformers and Opacus: prints one line for `ewtune eval publish --peers`.

  opacus_run.py --run RUN --cache DIR --model MODEL [--seed 0]

RUN is a run folder of ewtune (method head with --linear-head, or lora with --train-layers, pooling mean); its run.json
and plan.json say what to train: expected batch, steps, noise multiplier, clipping norm, learning rate. DIR is
the --cache of that run: the states that the frozen layers yield, in Arrow files, of the training split and of each split
that RUN predicted. What is behind them is built here from Hugging Face's BertLayer, with weights of its own; the lots are
Opacus's Poisson samples, and clipping and noise are Opacus's. The noise is torch's and seeded: a comparison, no guarantee.

Needs torch >= 1.13, transformers, opacus 1.4, safetensors, pyarrow, numpy.
"""
import argparse, json, pathlib, time
import numpy as np, opacus, pyarrow as pa, torch, transformers
from opacus.grad_sample import GradSampleModule
from opacus.optimizers import DPOptimizer
from opacus.utils.uniform_sampler import UniformWithReplacementSampler
from safetensors.torch import load_file
from transformers.models.bert.modeling_bert import BertLayer

TARGETS = {"query": "attention.self.query", "key": "attention.self.key", "value": "attention.self.value",
           "attention.output": "attention.output.dense", "intermediate": "intermediate.dense", "output": "output.dense"}


class Split:
    """Stored states of a split: one [tokens, hidden] array a row, or [1, hidden] behind the pooling."""

    def __init__(self, cache, data, boundary):
        for path in pathlib.Path(cache).glob("prefix-*/manifest-*.json"):
            manifest = json.loads(path.read_text())
            if manifest["data"] == data and manifest["boundary"] == boundary:
                break
        else:
            raise SystemExit(f"{cache}: holds no states of data {data[:12]} at {boundary}")
        self.labels, self.rows = torch.tensor(manifest["labels"]), []
        for shard in manifest["shards"]:
            with pa.memory_map(str(path.parent / shard["file"])) as file:
                for batch in [pa.ipc.open_file(file).get_batch(i) for i in range(pa.ipc.open_file(file).num_record_batches)]:
                    column = batch.column("activations")
                    flat, ends = column.values.to_numpy(), column.offsets.to_numpy()
                    self.rows += [flat[a:b].reshape(-1, manifest["hidden"]).copy() for a, b in zip(ends, ends[1:])]

    def batch(self, index):
        rows = [self.rows[i] for i in index]
        states = torch.zeros(len(rows), max(len(r) for r in rows), rows[0].shape[1])
        mask = torch.zeros(states.shape[:2])
        for i, row in enumerate(rows):
            states[i, : len(row)], mask[i, : len(row)] = torch.from_numpy(row), 1
        return states, mask, self.labels[list(index)]


class LoRALinear(torch.nn.Module):
    def __init__(self, base, rank, alpha):
        super().__init__()
        self.base, self.scale = base, alpha / rank
        self.a = torch.nn.Linear(base.in_features, rank, bias=False)
        self.b = torch.nn.Linear(rank, base.out_features, bias=False)
        torch.nn.init.uniform_(self.a.weight, -base.in_features**-0.5, base.in_features**-0.5)
        torch.nn.init.zeros_(self.b.weight)

    def forward(self, x):
        return self.base(x) + self.scale * self.b(self.a(x))


class Suffix(torch.nn.Module):
    """What is behind the frozen layers: the last BertLayers with LoRA, mean pooling, one linear layer."""

    def __init__(self, folder, method, labels):
        super().__init__()
        config = transformers.BertConfig.from_pretrained(folder)
        layers, weights = method.get("train_layers", 0), load_file(f"{folder}/model.safetensors")
        first = config.num_hidden_layers - layers
        self.layers = torch.nn.ModuleList(BertLayer(config) for _ in range(layers))
        for i, layer in enumerate(self.layers):
            name = f"encoder.layer.{first + i}."
            layer.load_state_dict({k.split(name)[1]: v for k, v in weights.items() if name in k})
            for p in layer.parameters():
                p.requires_grad_(False)
            for target in method.get("targets") or ["query", "value"]:
                parent, leaf = TARGETS[target].rsplit(".", 1)
                parent = layer.get_submodule(parent)
                setattr(parent, leaf, LoRALinear(getattr(parent, leaf), method["rank"], method["alpha"]))
        self.head = torch.nn.Linear(config.hidden_size, labels)
        torch.nn.init.normal_(self.head.weight, std=config.initializer_range)
        torch.nn.init.zeros_(self.head.bias)
        self.boundary = f"layer.{first}" if layers else "pooled"

    def forward(self, states, mask):
        for layer in self.layers:
            states = layer(states, (1 - mask)[:, None, None, :] * -1e9)[0]
        return self.head((states * mask[:, :, None]).sum(1) / mask.sum(1, keepdim=True))


def schedule(plan, step):
    """The factor of the learning rate at a step from 0: linear warm-up, then linear to 0."""
    warm, horizon = plan["schedule"].get("warmup", 0), plan["schedule"]["horizon"]
    return (step + 1) / warm if step < warm else 1 - (step - warm) / max(1, horizon - warm)


def train(model, split, plan, private, seed):
    n, q, steps, size = len(split.rows), plan["sampling_rate"], plan["steps"], plan["expected_batch_size"]
    generator = torch.Generator().manual_seed(seed + 1)
    optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=plan["learning_rate"], eps=1e-8, weight_decay=0)
    if private:
        model = GradSampleModule(model)
        optimizer = DPOptimizer(optimizer, noise_multiplier=plan["noise_multiplier"], max_grad_norm=plan["clipping_norm"],
                                expected_batch_size=size, generator=generator)
    lots = UniformWithReplacementSampler(num_samples=n, sample_rate=q, steps=steps, generator=generator)
    for step, lot in enumerate(lots):
        for group in optimizer.param_groups:
            group["lr"] = plan["learning_rate"] * schedule(plan, step)
        states, mask, labels = split.batch(lot)
        optimizer.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(model(states, mask), labels, reduction="mean" if private else "sum")
        (loss if private else loss / size).backward()
        optimizer.step()
    return model


def correct(model, split):
    order, right = sorted(range(len(split.rows)), key=lambda i: len(split.rows[i])), 0
    with torch.no_grad():
        for i in range(0, len(order), 256):
            states, mask, labels = split.batch(order[i : i + 256])
            right += int((model(states, mask).argmax(1) == labels).sum())
    return right


def main():
    ap = argparse.ArgumentParser()
    for flag in ("--run", "--cache", "--model"):
        ap.add_argument(flag, required=True)
    ap.add_argument("--seed", type=int)
    ap.add_argument("--threads", type=int, default=1)
    args = ap.parse_args()
    torch.set_num_threads(args.threads)
    folder = pathlib.Path(args.run)
    run = json.loads((folder / "run.json").read_text())
    plan = json.loads((folder / "plan.json").read_text())["plan"]
    seed = run["seed"] if args.seed is None else args.seed
    torch.manual_seed(seed)
    files = [folder / name for name in run["files"]["predictions"]]
    headers = [json.loads(file.open().readline()) for file in files]
    model = Suffix(args.model, plan["method"], len(headers[0]["labels"]))
    private = "privacy" in run
    began = time.time()
    data = Split(args.cache, run["data"]["hash"], model.boundary)
    boundary = model.boundary
    model = train(without_dropout(model), data, plan, private, seed)
    seconds = time.time() - began
    method = run["method"]["kind"] + (f"-{run['method']['rank']}" if run["method"].get("rank") else "")
    if run["method"].get("train_layers"):
        method += f" last {run['method']['train_layers']}"
    name = f"Opacus {opacus.__version__}, torch {torch.__version__.split('+')[0]}, transformers {transformers.__version__}"
    for header in headers:
        split = Split(args.cache, header["dataset"], boundary)
        print(json.dumps({"peer": name, "task": run["task"], "split": header["split"], "method": method, "seed": seed,
                          "epsilon": run["privacy"]["epsilon"] if private else 0,
                          "noise_multiplier": plan["noise_multiplier"] if private else 0,
                          "rows": len(split.rows), "correct": correct(model, split), "seconds": round(seconds, 1)}), flush=True)


def without_dropout(model):
    """Training mode, as Opacus wants, with dropout of rate 0, as the run has none."""
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    return model.train()


if __name__ == "__main__":
    main()
