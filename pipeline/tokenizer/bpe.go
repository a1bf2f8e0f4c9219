package tokenizer

import "fmt"

// bytePair merges the bytes of a word, pair by pair, in the order of a list of merges (Sennrich et al. 2016).
type bytePair struct {
	byteLevel
	bytes  [256]int32 // id of each byte, -1 when the vocabulary lacks it
	merges mergeTable
}

// newBytePair joins a vocabulary and its merges, best first.
func newBytePair(vocab map[string]int32, merges [][2]string, prefixSpace bool) (*bytePair, error) {
	b := &bytePair{byteLevel: *newByteLevel(prefixSpace), merges: newMergeTable(len(merges))}
	for i, symbol := range byteSymbols() {
		id, ok := vocab[symbol]
		if !ok {
			id = -1
		}
		b.bytes[i] = id
	}
	for rank, m := range merges {
		var ids [3]int32
		for i, token := range []string{m[0], m[1], m[0] + m[1]} {
			id, ok := vocab[token]
			if !ok {
				return nil, fmt.Errorf("merge %d %q %q: token %q is not in the vocabulary", rank+1, m[0], m[1], token)
			}
			ids[i] = id
		}
		b.merges.set(ids[0], ids[1], merge{int32(rank), ids[2]})
	}
	return b, nil
}

// mergeScratch is a word in the course of merging: a doubly linked list of tokens, and a heap of the pairs to merge.
type mergeScratch struct {
	tokens []mergeToken
	heap   []candidate
}

type mergeToken struct {
	id         int32 // -1 once merged into the token before
	prev, next int32 // -1 at the ends
}

// candidate orders pairs by rank, then from left to right: rank<<32 | index of the left token.
type candidate uint64

// appendWord appends the ids of a word.
func (b *bytePair) appendWord(dst []int32, word []byte, e *encoder) []int32 {
	s := &e.merging
	s.start(word, &b.bytes)
	for i := range len(s.tokens) - 1 {
		b.offer(s, int32(i))
	}
	for len(s.heap) > 0 {
		c := s.pop()
		b.apply(s, int32(uint32(c)), int32(c>>32))
	}
	for _, t := range s.tokens {
		if t.id >= 0 {
			dst = append(dst, t.id)
		}
	}
	return dst
}

// start makes the bytes of a word the tokens; bytes that the vocabulary lacks are left out.
func (s *mergeScratch) start(word []byte, bytes *[256]int32) {
	s.tokens, s.heap = s.tokens[:0], s.heap[:0]
	for _, c := range word {
		if id := bytes[c]; id >= 0 {
			n := int32(len(s.tokens))
			s.tokens = append(s.tokens, mergeToken{id: id, prev: n - 1, next: n + 1})
		}
	}
	if n := len(s.tokens); n > 0 {
		s.tokens[n-1].next = -1
	}
}

// offer puts the pair whose left token is i on the heap, if it merges.
func (b *bytePair) offer(s *mergeScratch, i int32) {
	if m, ok := b.merges.of(s.tokens[i].id, s.tokens[s.tokens[i].next].id); ok {
		s.push(candidate(m.rank)<<32 | candidate(i))
	}
}

// apply merges the pair whose left token is i, unless one of the two has been merged since it was offered.
func (b *bytePair) apply(s *mergeScratch, i, rank int32) {
	left := &s.tokens[i]
	if left.id < 0 || left.next < 0 {
		return
	}
	right := &s.tokens[left.next]
	m, ok := b.merges.of(left.id, right.id)
	if !ok || m.rank != rank {
		return
	}
	left.id, left.next, right.id = m.id, right.next, -1
	if left.next >= 0 {
		s.tokens[left.next].prev = i
		b.offer(s, i)
	}
	if left.prev >= 0 {
		b.offer(s, left.prev)
	}
}

// push and pop keep the smallest candidate at heap[0].
func (s *mergeScratch) push(c candidate) {
	s.heap = append(s.heap, c)
	i := len(s.heap) - 1
	for i > 0 && s.heap[(i-1)/2] > c {
		s.heap[i] = s.heap[(i-1)/2]
		i = (i - 1) / 2
	}
	s.heap[i] = c
}

func (s *mergeScratch) pop() candidate {
	top, last := s.heap[0], s.heap[len(s.heap)-1]
	s.heap = s.heap[:len(s.heap)-1]
	if len(s.heap) > 0 {
		s.sink(last)
	}
	return top
}

// sink puts c in the place of heap[0] and lets it down to where it belongs.
func (s *mergeScratch) sink(c candidate) {
	i := 0
	for {
		child := 2*i + 1
		if child >= len(s.heap) {
			break
		}
		if child+1 < len(s.heap) && s.heap[child+1] < s.heap[child] {
			child++
		}
		if s.heap[child] >= c {
			break
		}
		s.heap[i] = s.heap[child]
		i = child
	}
	s.heap[i] = c
}
