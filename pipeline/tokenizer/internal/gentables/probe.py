"""Ask the official tokenizers package what it does with every code point; one line each, tab separated:

code point, BPE class, BERT split, clean, strip accents, lower-case, CJK, NFD, combining class.

Needs `pip install tokenizers==0.23.3`. Texts are written as hexadecimal code points joined by commas; "-" means
unchanged and "0" means removed.
"""

import unicodedata
from tokenizers import normalizers, pre_tokenizers


def bert(**on):
    off = dict(clean_text=False, handle_chinese_chars=False, strip_accents=False, lowercase=False)
    return normalizers.BertNormalizer(**(off | on)).normalize_str


clean, cjk = bert(clean_text=True), bert(handle_chinese_chars=True)
strip, lower = bert(strip_accents=True), bert(lowercase=True)
nfd = normalizers.NFD().normalize_str
bert_split = pre_tokenizers.BertPreTokenizer().pre_tokenize_str
bpe_split = pre_tokenizers.ByteLevel(add_prefix_space=False).pre_tokenize_str

# One mark of each canonical combining class, in order: c has class v when it trades places with exactly the marks of
# the other classes.
marks = {}
for code in range(0x300, 0x1E900):
    ch = chr(code)
    if unicodedata.combining(ch) and nfd(ch) == ch:
        marks.setdefault(unicodedata.combining(ch), ch)


def combining_class(ch):
    first, last = marks[1], marks[240]
    if nfd(ch) != ch or (nfd(ch + first) == ch + first and nfd(last + ch) == last + ch):
        return 0
    return next(v for v, m in marks.items() if nfd(ch + m) == ch + m and nfd(m + ch) == m + ch)


def bpe_class(ch):
    """L, N, S(pace) or O(ther): which kind of neighbour the character stays together with."""
    for kind, neighbour in (("L", "a"), ("N", "1"), ("O", "!")):
        if len(bpe_split(neighbour + ch)) == 1:
            return kind
    return "S"


def change(function, ch):
    text = function(ch)
    return "-" if text == ch else ",".join("%x" % ord(c) for c in text) or "0"


for code in range(0x110000):
    if 0xD800 <= code < 0xE000:
        continue
    ch = chr(code)
    split = {1: ".", 2: "S", 3: "P"}[len(bert_split("a" + ch + "b"))]
    changes = (change(f, ch) for f in (clean, strip, lower, cjk, nfd))
    print("%x" % code, bpe_class(ch), split, *changes, combining_class(ch), sep="\t")
