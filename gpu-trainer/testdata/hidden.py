# Hidden states of Hugging Face transformers on the first sentences of a GLUE TSV: python hidden.py MODEL TSV COUNT OUT
# writes OUT/ids.json, OUT/last.f32 ([tokens, hidden] of the last layer, sentences one behind the other, no padding) and OUT/first.f32 (the embeddings' output).
import csv, json, sys
import torch
from transformers import AutoModel, AutoTokenizer

folder, tsv, count, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4]
torch.set_num_threads(1)
rows = list(csv.DictReader(open(tsv, encoding="utf-8"), delimiter="\t", quoting=csv.QUOTE_NONE))[:count]
tokenizer, model = AutoTokenizer.from_pretrained(folder), AutoModel.from_pretrained(folder).eval()
ids = [tokenizer(row["sentence"])["input_ids"] for row in rows]
json.dump(ids, open(out + "/ids.json", "w"))
with torch.no_grad(), open(out + "/last.f32", "wb") as last, open(out + "/first.f32", "wb") as first:
    for x in ids:
        states = model(torch.tensor([x]), output_hidden_states=True).hidden_states
        first.write(states[0][0].numpy().astype("<f4").tobytes())
        last.write(states[-1][0].numpy().astype("<f4").tobytes())
