// The official tokenizers library (Rust), driven through the npm package @anush008/tokenizers.
// usage: node peer.cjs PACKAGE TOKENIZER encode|time
//
// encode: each line of stdin is {"a": base64, "b": base64 or null, "max": n}; each line of stdout [ids, type ids].
// time: each line of stdin is {"seconds": s, "texts": [text, ...]}; the answer is {"tokens": n, "seconds": s},
// the best of the passes of encodeBatch over all texts that fit into the seconds.
const fs = require("fs");
const path = require("path");
const readline = require("readline");

const [packageFolder, tokenizerFolder, mode] = process.argv.slice(2);
const library = require(packageFolder);

function load(folder) {
  const json = path.join(folder, "tokenizer.json");
  if (fs.existsSync(json)) return library.Tokenizer.fromFile(json);
  const pieces = fs.readFileSync(path.join(folder, "vocab.txt"), "utf8").trimEnd().split("\n");
  const vocab = Object.fromEntries(pieces.map((piece, id) => [piece, id]));
  const t = new library.Tokenizer(library.WordPiece.init(vocab, { unkToken: "[UNK]", maxInputCharsPerWord: 100 }));
  t.setNormalizer(library.bertNormalizer({ cleanText: true, handleChineseChars: true, stripAccents: true, lowercase: true }));
  t.setPreTokenizer(library.bertPreTokenizer());
  t.setPostProcessor(library.bertProcessing(["[SEP]", vocab["[SEP]"]], ["[CLS]", vocab["[CLS]"]]));
  t.addSpecialTokens(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]);
  return t;
}

const tokenizer = load(tokenizerFolder);
tokenizer.disablePadding();
tokenizer.disableTruncation();

// Buffer.toString replaces what is not UTF-8 as the WHATWG and Rust's from_utf8_lossy do.
const decode = (base64) => Buffer.from(base64, "base64").toString("utf8");

async function encode({ a, b, max }) {
  if (max > 0) tokenizer.setTruncation(max, { strategy: "LongestFirst" });
  else tokenizer.disableTruncation();
  const e = await tokenizer.encode(decode(a), b === null ? null : decode(b));
  return [e.getIds(), e.getTypeIds()];
}

async function time({ seconds, texts }) {
  let best = Infinity, tokens = 0;
  const end = performance.now() + 1000 * seconds;
  for (let pass = 0; pass < 2 || performance.now() < end; pass++) {
    const start = performance.now();
    const encodings = await tokenizer.encodeBatch(texts);
    best = Math.min(best, (performance.now() - start) / 1000);
    if (pass === 0) tokens = encodings.reduce((sum, e) => sum + e.getLength(), 0);
  }
  return { tokens, seconds: best };
}

(async () => {
  const answer = { encode, time }[mode];
  for await (const line of readline.createInterface({ input: process.stdin })) {
    process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
  }
})();
