package tokenizer

import (
	"cmp"
	"container/heap"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// buildSpecials open a vocabulary that is learned, so that [PAD] has id 0.
var buildSpecials = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}

// BuildWordPiece learns an uncased WordPiece vocabulary of at most size pieces from texts: the special tokens, the
// characters, then the pieces that arise by merging the most frequent pair of neighbours, time after time, until size is
// reached or every word is a piece (Sennrich et al. 2016, over BERT's words). Equal texts in any order give the same
// vocabulary: ties go to the pair that comes first in byte order. Characters give way, the rarest first, when size has
// no room for them.
func BuildWordPiece(texts iter.Seq[string], size int) ([]string, error) {
	if size <= len(buildSpecials) {
		return nil, fmt.Errorf("size %d: must be above %d, the number of special tokens", size, len(buildSpecials))
	}
	b := newBuilder(countWords(texts))
	vocab := append(slices.Clone(buildSpecials), b.alphabet(size-len(buildSpecials))...)
	known := make(map[string]bool)
	for _, piece := range vocab {
		known[piece] = true
	}
	for len(vocab) < size {
		piece, ok := b.merge()
		if !ok {
			break
		}
		if !known[piece] {
			known[piece], vocab = true, append(vocab, piece)
		}
	}
	return vocab, nil
}

// NewWordPiece makes an uncased BERT tokenizer over pieces, whose ids are their places. Of equal pieces the last counts.
func NewWordPiece(pieces []string) (*Tokenizer, error) {
	vocab := make(map[string]int32, len(pieces))
	for id, piece := range pieces {
		vocab[piece] = int32(id)
	}
	d := newBERT(vocab, true)
	if err := d.require("vocabulary", "[CLS]", "[SEP]", "[UNK]"); err != nil {
		return nil, err
	}
	return d.build()
}

// countWords counts the words that BERT's normaliser and split find, without those too long to be looked at.
func countWords(texts iter.Seq[string]) map[string]int {
	lower := bertOptions{CleanText: true, HandleChineseChars: true, StripAccents: true, Lowercase: true}
	n, split, counts := newBERTNormalizer(lower), newBERTSplit(), make(map[string]int)
	var valid, normal []byte
	var scratch normalizerScratch
	for text := range texts {
		valid = appendValid(valid[:0], text)
		normal = n.append(normal[:0], valid, &scratch)
		for start, end := split.next(normal, 0); start < end; start, end = split.next(normal, end) {
			if word := normal[start:end]; utf8.RuneCount(word) <= maxWordChars {
				counts[string(word)]++
			}
		}
	}
	return counts
}

// builder merges the pieces of counted words.
type builder struct {
	words []builderWord
	pairs map[[2]string]*pairCount
	queue pairQueue
}

type builderWord struct {
	pieces []string
	count  int
}

// pairCount says how often two pieces are neighbours, and in which words they were seen to be.
type pairCount struct {
	pair  [2]string
	count int
	words []int
	index int // in the queue
}

func newBuilder(counts map[string]int) *builder {
	b := &builder{pairs: make(map[[2]string]*pairCount)}
	for _, word := range slices.Sorted(maps.Keys(counts)) {
		b.words = append(b.words, builderWord{characters(word), counts[word]})
	}
	for i := range b.words {
		b.count(i, 1)
	}
	return b
}

// characters cuts a word into its characters; those after the first carry the prefix.
func characters(word string) (pieces []string) {
	for i, r := range word {
		if i > 0 {
			pieces = append(pieces, "##"+string(r))
		} else {
			pieces = append(pieces, string(r))
		}
	}
	return pieces
}

// alphabet gives the characters of the words in byte order; the most frequent ones when there are more than limit.
func (b *builder) alphabet(limit int) []string {
	counts := make(map[string]int)
	for _, w := range b.words {
		for _, piece := range w.pieces {
			counts[piece] += w.count
		}
	}
	all := slices.SortedFunc(maps.Keys(counts), func(x, y string) int {
		return cmp.Or(cmp.Compare(counts[y], counts[x]), cmp.Compare(x, y))
	})
	all = all[:min(len(all), limit)]
	slices.Sort(all)
	return all
}

// count adds the pairs of word i to the counts, or with sign -1 takes them away.
func (b *builder) count(i, sign int) {
	w := &b.words[i]
	for k := 1; k < len(w.pieces); k++ {
		pair := [2]string{w.pieces[k-1], w.pieces[k]}
		p := b.pairs[pair]
		if p == nil {
			p = &pairCount{pair: pair}
			b.pairs[pair] = p
			heap.Push(&b.queue, p)
		}
		p.count += sign * w.count
		if sign > 0 && (len(p.words) == 0 || p.words[len(p.words)-1] != i) {
			p.words = append(p.words, i)
		}
		heap.Fix(&b.queue, p.index)
	}
}

// merge joins the most frequent pair wherever it stands, and gives the new piece; false when no pair is left.
func (b *builder) merge() (piece string, ok bool) {
	if len(b.queue) == 0 || b.queue[0].count == 0 {
		return "", false
	}
	p := b.queue[0]
	piece = p.pair[0] + strings.TrimPrefix(p.pair[1], "##")
	words := p.words
	p.words = nil
	for _, i := range words {
		b.count(i, -1)
		b.words[i].join(p.pair, piece)
		b.count(i, 1)
	}
	return piece, true
}

// join replaces each occurrence of the pair, from the left, by the piece.
func (w *builderWord) join(pair [2]string, piece string) {
	out := w.pieces[:0]
	for k := 0; k < len(w.pieces); k++ {
		if k+1 < len(w.pieces) && w.pieces[k] == pair[0] && w.pieces[k+1] == pair[1] {
			out = append(out, piece)
			k++
			continue
		}
		out = append(out, w.pieces[k])
	}
	w.pieces = out
}

// pairQueue is a heap of pairs: most frequent first, then by byte order.
type pairQueue []*pairCount

func (q pairQueue) Len() int { return len(q) }

func (q pairQueue) Less(i, j int) bool {
	if q[i].count != q[j].count {
		return q[i].count > q[j].count
	}
	return slices.Compare(q[i].pair[:], q[j].pair[:]) < 0
}

func (q pairQueue) Swap(i, j int) {
	q[i], q[j] = q[j], q[i]
	q[i].index, q[j].index = i, j
}

// Push is for container/heap.
func (q *pairQueue) Push(x any) {
	p := x.(*pairCount)
	p.index = len(*q)
	*q = append(*q, p)
}

// Pop is for container/heap; no pair ever leaves the queue.
func (q *pairQueue) Pop() any { panic("tokenizer: pairs stay in the queue") }
