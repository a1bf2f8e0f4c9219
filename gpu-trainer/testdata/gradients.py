# Per-example gradients of a classifier that ewtune saved, by Hugging Face transformers with autograd, one example at a time, and with Opacus,
# all in one padded batch: python gradients.py MODEL TOKENIZER TSV COUNT CLIP OUT writes JSON: ids, labels, losses, and of each of the two the norms and,
# for each tensor, the norm and the sum of the clipped sum's numbers.
import csv, json, sys, warnings
import torch
from opacus.grad_sample import GradSampleModule
from transformers import AutoTokenizer, BertForSequenceClassification

warnings.filterwarnings("ignore")
folder, words, tsv, count, clip, out = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]), sys.argv[6]
torch.set_num_threads(1)
rows = list(csv.DictReader(open(tsv, encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE))[:count]
tokenizer, model = AutoTokenizer.from_pretrained(words), BertForSequenceClassification.from_pretrained(folder).eval()
ids, labels = [tokenizer(row["sentence"])["input_ids"] for row in rows], [int(row["label"]) for row in rows]
names = [name for name, _ in model.named_parameters()]


def summary(norms, sums):
    return {"norms": norms, "sums": {n: [float((s * s).sum()) ** 0.5, float(s.sum())] for n, s in sums.items()}}


def autograd():
    sums, losses, norms = {name: 0 for name in names}, [], []
    for x, label in zip(ids, labels):
        model.zero_grad()
        loss = model(torch.tensor([x]), labels=torch.tensor([label])).loss
        loss.backward()
        grads = {name: p.grad.double() for name, p in model.named_parameters()}
        norm = sum(float((g * g).sum()) for g in grads.values()) ** 0.5
        losses.append(float(loss))
        norms.append(norm)
        for name in names:
            sums[name] = sums[name] + grads[name] * min(1.0, clip / norm)
    return losses, summary(norms, sums)


def opacus():
    batch = tokenizer.pad({"input_ids": ids}, return_tensors="pt")
    # Opacus does not see a table that is broadcast over the batch, so positions are given for each example.
    positions = torch.arange(batch["input_ids"].shape[1]).expand(len(ids), -1)
    wrapped = GradSampleModule(model.train(), loss_reduction="sum")
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    logits = wrapped(batch["input_ids"], attention_mask=batch["attention_mask"], position_ids=positions, token_type_ids=torch.zeros_like(batch["input_ids"])).logits
    torch.nn.functional.cross_entropy(logits, torch.tensor(labels), reduction="sum").backward()
    grads = {name: p.grad_sample.double() for name, p in model.named_parameters()}
    norms = sum((g.flatten(1) ** 2).sum(1) for g in grads.values()) ** 0.5
    factors = (clip / norms).clamp(max=1.0)
    return summary(norms.tolist(), {name: torch.tensordot(factors, g, 1) for name, g in grads.items()})


losses, one = autograd()
json.dump({"ids": ids, "labels": labels, "losses": losses, "autograd": one, "opacus": opacus()}, open(out, "w"))
