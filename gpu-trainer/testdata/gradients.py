# Per-example gradients of a classifier that ewtune saved, by Hugging Face transformers and autograd, one example at a time:
# python gradients.py MODEL TOKENIZER TSV COUNT CLIP OUT writes JSON: ids, labels, losses, norms, and for each tensor the norm and the sum of
# the clipped sum's numbers.
import csv, json, sys
import torch
from transformers import AutoTokenizer, BertForSequenceClassification

folder, words, tsv, count, clip, out = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]), float(sys.argv[5]), sys.argv[6]
torch.set_num_threads(1)
rows = list(csv.DictReader(open(tsv, encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE))[:count]
tokenizer, model = AutoTokenizer.from_pretrained(words), BertForSequenceClassification.from_pretrained(folder).eval()
ids, labels = [tokenizer(row["sentence"])["input_ids"] for row in rows], [int(row["label"]) for row in rows]
names = [name for name, _ in model.named_parameters()]
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
json.dump({"ids": ids, "labels": labels, "losses": losses, "norms": norms, "sums": {n: [float((s * s).sum()) ** 0.5, float(s.sum())] for n, s in sums.items()}}, open(out, "w"))
