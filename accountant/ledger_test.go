package accountant

import (
	"bytes"
	"errors"
	"strings"
	"testing"
)

func sampleLedger(t *testing.T, events int) (*Ledger, []byte) {
	t.Helper()
	l, err := NewLedger(LedgerHeader{Delta: 1e-5, Sampler: Poisson, DatasetSize: 1000, ClippingNorm: 1})
	if err != nil {
		t.Fatal(err)
	}
	text := l.HeaderLine()
	for i := range events {
		line, err := l.Append(LedgerEvent{Kind: GaussianEvent, Step: int64(i + 1), SamplingRate: 0.01, NoiseMultiplier: 1 + float64(i%2), Count: 1})
		if err != nil {
			t.Fatal(err)
		}
		text = append(text, line...)
	}
	return l, text
}

func TestLedgerReadsBackToTheBit(t *testing.T) {
	l, text := sampleLedger(t, 30)
	back, err := ReadLedger(bytes.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if back.Head() != l.Head() || back.Size() != int64(len(text)) || back.Header() != l.Header() || len(back.Events()) != 30 {
		t.Errorf("read back %v events, head %s, size %d", len(back.Events()), back.Head(), back.Size())
	}
	a, err := l.Epsilon()
	if err != nil {
		t.Fatal(err)
	}
	b, err := back.Epsilon()
	if err != nil || a.Epsilon != b.Epsilon {
		t.Errorf("epsilon %v and %v (%v)", a.Epsilon, b.Epsilon, err)
	}
}

func TestLedgerTornTail(t *testing.T) {
	_, text := sampleLedger(t, 5)
	last := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	for cut := last + 1; cut < len(text); cut++ {
		l, err := ReadLedger(bytes.NewReader(text[:cut]))
		var torn *TornLedger
		if !errors.As(err, &torn) || torn.Offset != int64(last) || len(l.Events()) != 4 || l.Size() != int64(last) {
			t.Fatalf("cut at %d: %v", cut, err)
		}
	}
}

// Every single changed byte before the last line is found.
func TestLedgerFindsEveryChange(t *testing.T) {
	_, text := sampleLedger(t, 4)
	last := bytes.LastIndexByte(text[:len(text)-1], '\n') + 1
	for i := range last {
		changed := bytes.Clone(text)
		changed[i] ^= 1
		l, err := ReadLedger(bytes.NewReader(changed))
		var torn *TornLedger
		if err == nil || l != nil && !errors.As(err, &torn) {
			t.Fatalf("byte %d: read as %v", i, l)
		}
		if torn != nil {
			t.Fatalf("byte %d: taken for a torn tail", i)
		}
	}
}

func TestLedgerRefuses(t *testing.T) {
	l, text := sampleLedger(t, 1)
	for _, c := range []struct {
		name string
		e    LedgerEvent
		want string
	}{
		{"unknown kind", LedgerEvent{Kind: "laplace", Count: 1}, `kind "laplace"`},
		{"no count", LedgerEvent{Kind: GaussianEvent, SamplingRate: .1, NoiseMultiplier: 1}, "steps 0"},
		{"rate", LedgerEvent{Kind: GaussianEvent, SamplingRate: 2, NoiseMultiplier: 1, Count: 1}, "sampling_rate 2"},
		{"adaptive", LedgerEvent{Kind: GaussianEvent, SamplingRate: .1, NoiseMultiplier: 1, Count: 1, GradientNoiseMultiplier: 1, CountNoise: 10}, "noise_multiplier 1"},
	} {
		head := l.Head()
		if _, err := l.Append(c.e); err == nil || !strings.Contains(err.Error(), c.want) || l.Head() != head {
			t.Errorf("%s: %v", c.name, err)
		}
	}
	unknown := strings.Replace(string(text), `"count":1`, `"count":1,"more":2`, 1)
	if _, err := ReadLedger(strings.NewReader(unknown)); err == nil || !strings.Contains(err.Error(), "more") {
		t.Errorf("unknown field: %v", err)
	}
}

// Removing, repeating or swapping lines breaks the chain.
func TestLedgerOrder(t *testing.T) {
	_, text := sampleLedger(t, 4)
	lines := strings.SplitAfter(string(text), "\n")
	for name, order := range map[string][]int{"removed": {0, 2, 3, 4}, "repeated": {0, 1, 1, 2}, "swapped": {0, 2, 1, 3}, "headless": {1, 2, 3}} {
		var b strings.Builder
		for _, i := range order {
			b.WriteString(lines[i])
		}
		if l, err := ReadLedger(strings.NewReader(b.String())); err == nil || l != nil {
			t.Errorf("%s: read", name)
		}
	}
}
