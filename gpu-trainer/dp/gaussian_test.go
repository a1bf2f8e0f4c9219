package dp

import (
	"fmt"
	"math"
	"math/big"
	"slices"
	"testing"
	"time"
)

// alarm is the probability with which any one statistical check below fails although the sampler is right. The tests
// use fixed keys, so a check that passes once passes always; the bound says how surprising its threshold is.
const alarm = 1e-9

func testStream(block uint64) *Stream { return KeyFromSeed(7).Stream(DomainNoise, 0, block) }

func mustGaussian(t testing.TB, scale float64) Gaussian {
	t.Helper()
	g, err := NewGaussian(scale)
	if err != nil {
		t.Fatal(err)
	}
	return g
}

// TestTableIsExact checks the decomposition where it must hold to the last unit: the alias table gives back every
// weight, and cores and wedges enclose the curve in 256-bit arithmetic.
func TestTableIsExact(t *testing.T) {
	tab := table()
	got := make([]uint64, columns)
	for column := range columns {
		cut := tab.entry[column] % (1 << cutPlaces)
		got[column] += cut
		got[tab.entry[column]>>cutPlaces] += 1<<cutBits - cut
	}
	if want := append(slices.Clone(tab.core[:]), tab.slowTotal); !slices.Equal(got, want) {
		t.Error("the alias table does not give the weights back")
	}
	at := func(b int) *big.Float {
		p := point{bin: uint64(b)}
		_, high := p.curve()
		return high
	}
	for b := range bins {
		core := new(big.Float).SetUint64(tab.core[b])
		top := new(big.Float).SetUint64(tab.core[b] + tab.wedge[b])
		if core.Cmp(at(b+1)) > 0 || top.Cmp(at(b)) < 0 {
			t.Errorf("bin %d: core %v, top %v, curve from %v to %v", b, core, top, at(b), at(b+1))
		}
	}
	if at(bins).Cmp(big.NewFloat(1<<tailBits)) > 0 {
		t.Errorf("tail: the curve begins at %v", at(bins))
	}
}

func TestExpNegative(t *testing.T) {
	// exp(-1) to 60 digits (OEIS A068985).
	want, _, _ := big.ParseFloat("0.367879441171442321595523770161460867445811131031767834507837", 10, 300, big.ToNearestEven)
	got := expNegative(big.NewFloat(1).SetPrec(256), 256)
	if diff := new(big.Float).Sub(got, want); diff.Sign() != 0 && diff.MantExp(nil) > -190 {
		t.Errorf("exp(-1) = %.70g", got)
	}
	for y := 0.0; y < 700; y = y*1.3 + 0.01 {
		got, _ := expNegative(new(big.Float).SetPrec(256).SetFloat64(y), 256).Float64()
		if math.Abs(got/math.Exp(-y)-1) > 1e-14 {
			t.Errorf("exp(-%v) = %v, math has %v", y, got, math.Exp(-y))
		}
	}
}

// TestDecisionsAgree compares the float64 decision of a wedge with the exact one on the same bits.
func TestDecisionsAgree(t *testing.T) {
	s := testStream(1)
	accepted := 0
	for i := range 4000 {
		bin := i % bins
		z := point{bin: uint64(bin), x: s.Uint64()}
		base, height := float64(table().core[bin]), float64(table().wedge[bin])
		exact := point{bin: z.bin, x: z.x}
		copied := *s
		u := copied.Uint64()
		want := exact.underExactly(testStream(2), u, base, height)
		if got := z.under(s, base, height); got != want {
			t.Fatalf("bin %d, x %x, u %x: %v, exactly %v", bin, z.x, u, got, want)
		} else if got {
			accepted++
		}
	}
	if accepted < 1500 || accepted > 2500 {
		t.Errorf("accepted %d of 4000 wedges, want about half", accepted)
	}
}

// TestStraightLinesAreRight compares the decision by a straight line with the exact one where it is nearest to wrong:
// at both ends of what it leaves open, and in the middle of a bin, where the curve is furthest from its chord.
func TestStraightLinesAreRight(t *testing.T) {
	tab, open := table(), 0.0
	for bin := range bins {
		bend, z := tab.bend[bin], point{bin: uint64(bin)}
		open += 2 * math.Ldexp(float64(bend), -64) * float64(tab.wedge[bin])
		for _, z.x = range []uint64{1 << 62, 1 << 63, 3 << 62} {
			for _, u := range []uint64{-z.x - bend - 1, -z.x + bend + 1} {
				below, known := tab.straight(z.bin, u, z.x)
				exact := z
				if want := exact.underExactly(testStream(2), u, float64(tab.core[bin]), float64(tab.wedge[bin])); !known || below != want {
					t.Errorf("bin %d, x %x, u %x: %v (known: %v), exactly %v", bin, z.x, u, below, known, want)
				}
			}
			if _, known := tab.straight(z.bin, -z.x, z.x); known {
				t.Errorf("bin %d, x %x: decided on the line itself", bin, z.x)
			}
		}
	}
	if share := open / float64(tab.upto[bins-1]); share > 0.02 {
		t.Errorf("%.3f of the wedges are left open, want hardly any", share)
	}
}

// TestGuideFindsWedges looks at both sides of every border, and far beyond the last.
func TestGuideFindsWedges(t *testing.T) {
	tab := table()
	for bin, upto := range tab.upto {
		if got := tab.wedgeOf(upto - 1); got != bin {
			t.Fatalf("number %d: wedge %d, want %d", upto-1, got, bin)
		}
		want := bin + 1 // no wedge is empty
		if got := tab.wedgeOf(upto); got != want {
			t.Fatalf("number %d: wedge %d, want %d", upto, got, want)
		}
	}
	if got := tab.wedgeOf(tab.slowTotal - 1); got != bins {
		t.Errorf("the last number: wedge %d, want none", got)
	}
}

// TestUndecidedDrawsOn gives the exact decision a height that 64 bits cannot tell from the curve.
func TestUndecidedDrawsOn(t *testing.T) {
	z := point{bin: 0}
	// At z = 0 the curve is K, so with base 0 and height K the first word of U must be drawn on to decide.
	z.underExactly(testStream(3), math.MaxUint64, 0, peak)
	if len(z.more) == 0 {
		t.Error("decided on 64 bits what they leave open")
	}
}

// TestRoundingIsExact checks the fast path against the definition in big numbers on the same bits.
func TestRoundingIsExact(t *testing.T) {
	for _, scale := range []float64{1, 1.5, 1000.1, 0x1p40 * 0.7, 1<<55 - 1, 1 << 55} {
		g := mustGaussian(t, scale)
		replay := testStream(0)
		out := make([]int64, 500)
		g.Draw(KeyFromSeed(7), DomainNoise, 0, out)
		for i := range out {
			word, x := replay.Uint64(), replay.Uint64()
			bin := table().pick(word)
			if bin == slow {
				continue
			}
			want := new(big.Rat).SetFrac(new(big.Int).SetUint64(x), new(big.Int).Lsh(big.NewInt(1), 64))
			want.Add(want, new(big.Rat).SetInt64(int64(bin)))
			want.Mul(want, new(big.Rat).SetFloat64(scale/(1<<binBits)))
			want.Add(want, big.NewRat(1, 2))
			floor := new(big.Int).Div(want.Num(), want.Denom()).Int64()
			if int64(word) < 0 {
				floor = -floor
			}
			if out[i] != floor {
				t.Errorf("scale %v, number %d: %d, want %d", scale, i, out[i], floor)
			}
		}
	}
}

// TestUndecidedRounding puts the drawn bits just below a rounding boundary.
func TestUndecidedRounding(t *testing.T) {
	g := mustGaussian(t, 64) // s·w = ½: z = (0 + X) rounds at bin + X = 1, 3, ...: X = all ones is undecided
	p := point{bin: 0, x: math.MaxUint64}
	if got := g.round(testStream(5), &p); got != 0 && got != 1 || len(p.more) == 0 {
		t.Errorf("got %d with %d more words", got, len(p.more))
	}
	p = point{bin: 1}
	if got := g.round(testStream(5), &p); got != 1 || len(p.more) != 0 {
		t.Errorf("just above the boundary: %d with %d more words", got, len(p.more))
	}
}

// TestMoments compares four moments with those of the normal. The mean of n values of variance V is within
// 6.1·√(V/n) with probability 1-1e-9 (normal approximation; n is 4 million): V = 1, 2, 15 and 96 for z, z², z³, z⁴.
func TestMoments(t *testing.T) {
	const n, scale = 1 << 22, 0x1p44
	out := make([]int64, n)
	mustGaussian(t, scale).Noise(KeyFromSeed(11), 3).AddTo(out, 0)
	var sum [4]float64
	for _, v := range out {
		z := float64(v) / scale
		sum[0] += z
		sum[1] += z * z
		sum[2] += z * z * z
		sum[3] += z * z * z * z
	}
	for i, want := range []float64{0, 1, 0, 3} {
		bound := 6.1 * math.Sqrt([]float64{1, 2, 15, 96}[i]/n)
		if got := sum[i] / n; math.Abs(got-want) > bound {
			t.Errorf("moment %d: %v, want %v within %.2g", i+1, got, want, bound)
		}
	}
}

// TestKolmogorovSmirnov: Massart 1990 gives Pr[√n·D > x] ≤ 2 exp(-2x²) for every n; x = 3.28 makes that 1e-9.
func TestKolmogorovSmirnov(t *testing.T) {
	const n, scale = 1 << 20, 0x1p30
	out := make([]int64, n)
	mustGaussian(t, scale).Noise(KeyFromSeed(13), 0).AddTo(out, 0)
	slices.Sort(out)
	var worst float64
	for i, v := range out {
		p := 0.5 * math.Erfc(-float64(v)/scale/math.Sqrt2)
		worst = max(worst, math.Abs(p-float64(i)/n), math.Abs(p-float64(i+1)/n))
	}
	if x := math.Sqrt(-math.Log(alarm/2) / 2); math.Sqrt(n)*worst > x {
		t.Errorf("√n·D = %v, want below %v", math.Sqrt(n)*worst, x)
	}
}

// TestCells compares counts with the exact cell probabilities at three scales, small ones where rounding shows and one
// where a cell is a fraction of a bin. Each count is binomial; Bernstein's inequality bounds its deviation, and the
// alarm is split over the cells.
func TestCells(t *testing.T) {
	const n = 1 << 21
	for _, scale := range []float64{1, 3.7, 517} {
		out := make([]int64, n)
		mustGaussian(t, scale).Noise(KeyFromSeed(17), 9).AddTo(out, 0)
		counts := map[int64]float64{}
		for _, v := range out {
			counts[v]++
		}
		for v := int64(-8 * scale); v <= int64(8*scale); v++ {
			upper := func(x float64) float64 { return 0.5 * math.Erfc(x/scale/math.Sqrt2) }
			p := upper(math.Abs(float64(v))-0.5) - upper(math.Abs(float64(v))+0.5)
			logTerm := math.Log(2 * 17 * scale / alarm)
			bound := math.Sqrt(2*n*p*(1-p)*logTerm) + 2*logTerm/3
			if math.Abs(counts[v]-n*p) > bound {
				t.Errorf("scale %v, value %d: %v times, want %.1f within %.1f", scale, v, counts[v], n*p, bound)
			}
		}
	}
}

// TestDiscreteness: the numbers are integers of full resolution. At scale 2⁴⁴ the low 12 bits are uniform to 2⁻³⁰, so
// each of 4096 residues has count n/4096 within Bernstein's bound, and repeats are those of the birthday bound.
func TestDiscreteness(t *testing.T) {
	const n = 1 << 20
	out := make([]int64, n)
	mustGaussian(t, 0x1p44).Noise(KeyFromSeed(19), 1).AddTo(out, 0)
	var counts [4096]float64
	seen := map[int64]bool{}
	for _, v := range out {
		counts[v&4095]++
		seen[v] = true
	}
	const mean = n / 4096.0
	logTerm := math.Log(2 * 4096 / alarm)
	for r, c := range counts {
		if math.Abs(c-mean) > math.Sqrt(2*mean*logTerm)+2*logTerm/3 {
			t.Errorf("residue %d: %v times, want about %v", r, c, mean)
		}
	}
	// Expected repeats n²/2·1/(2√π·2⁴⁴) = 0.0088: ten have probability below 1e-20.
	if len(seen) < n-10 {
		t.Errorf("%d repeats among %d numbers", n-len(seen), n)
	}
}

// TestTail draws from the tail alone: samples beyond z₀ = 1023/128 must follow the normal's conditional tail. The share beyond
// 8.1 is compared with Bernstein's bound, and the share of accepted blocks with ∫F beyond z₀ over the tail's weight.
func TestTail(t *testing.T) {
	g := mustGaussian(t, 0x1p40)
	s := testStream(6)
	const tries = 20000
	beyond, n := 0.0, 0.0
	for range tries {
		z := point{x: s.Uint64()}
		base, height, _ := z.place(s, table().upto[bins-1]+s.Below(tailUnits))
		if !z.under(s, base, height) {
			continue
		}
		n++
		if float64(g.round(s, &z)) > 8.1*0x1p40 {
			beyond++
		}
	}
	near := func(what string, got, n, p float64) {
		logTerm := math.Log(2 / alarm)
		if math.Abs(got-n*p) > math.Sqrt(2*n*p*(1-p)*logTerm)+2*logTerm/3 {
			t.Errorf("%s: %v of %v, want %.1f", what, got, n, n*p)
		}
	}
	tail := math.Erfc(1023.0 / 128 / math.Sqrt2)
	near("beyond 8.1", beyond, n, math.Erfc(8.1/math.Sqrt2)/tail)
	near("accepted", n, tries, peak*128*math.Sqrt(math.Pi/2)*tail/tailUnits)
}

// TestTailBlocksEncloseTheCurve: a block is picked with probability its area over the tail's, and the curve stays
// below its top.
func TestTailBlocksEncloseTheCurve(t *testing.T) {
	s := testStream(8)
	for range 200 {
		var z point
		base, height, any := z.place(s, table().upto[bins-1])
		block := int(z.bin-bins) >> binBits
		if area := math.Ldexp(tailUnits, -1-block); !any || base != 0 || math.Ldexp(height, binBits) != area {
			t.Fatalf("block %d: height %v, want %v", block, height, math.Ldexp(area, -binBits))
		}
		if _, top := z.curve(); top.Cmp(big.NewFloat(height)) > 0 {
			t.Fatalf("block %d: the curve begins at %v, above %v", block, top, height)
		}
	}
}

// TestRoundFastKnowsItsLimits: bits just below a rounding boundary decide nothing, all others do.
func TestRoundFastKnowsItsLimits(t *testing.T) {
	g := mustGaussian(t, 96) // s·w = ¾: rounds up at bin + X = ⅔, which is 0.AAAA... in base 16
	const third = 0xAAAAAAAAAAAAAAAA
	for _, c := range []struct {
		bin, x  uint64
		rounded int64
		known   bool
	}{{0, third, 0, false}, {0, third - 1, 0, true}, {0, third + 1, 1, true}, {1, math.MaxUint64, 1, true}, {2, 0, 2, true}} {
		rounded, known := g.roundFast(c.bin, c.x)
		if known != c.known || known && rounded != c.rounded {
			t.Errorf("bin %d, x %x: %d, known %v", c.bin, c.x, rounded, known)
		}
	}
}

// TestStreamsAreApart: every use, step and block of a key has bits of its own.
func TestStreamsAreApart(t *testing.T) {
	seen := map[uint64]string{}
	key := KeyFromSeed(1)
	for _, domain := range []Domain{DomainSampling, DomainNoise, DomainCount, DomainLot, DomainCanaries, DomainCheck} {
		for step := range uint64(3) {
			for block := range uint64(3) {
				name := fmt.Sprint(domain, step, block)
				first := key.Stream(domain, step, block).Uint64()
				if other, ok := seen[first]; ok {
					t.Errorf("%s and %s begin alike", name, other)
				}
				seen[first] = name
			}
		}
	}
	if KeyFromSeed(2).Stream(DomainNoise, 0, 0).Uint64() == key.Stream(DomainNoise, 0, 0).Uint64() {
		t.Error("two keys, one stream")
	}
}

func TestNoiseDependsOnKeyAndStepOnly(t *testing.T) {
	g := mustGaussian(t, 1e12)
	n := NoiseBlock + NoiseChunk + 5
	a, b, c := make([]int64, n), make([]int64, n), make([]int64, n)
	g.Noise(KeyFromSeed(1), 5).AddTo(a, 0)
	g.Noise(KeyFromSeed(1), 5).AddTo(b, 0)
	g.Noise(KeyFromSeed(1), 6).AddTo(c, 0)
	if !slices.Equal(a, b) {
		t.Error("the same step drew other noise")
	}
	same := 0
	for i := range a {
		if a[i] == c[i] {
			same++
		}
	}
	if same > 2 {
		t.Errorf("%d numbers of two steps are equal", same)
	}
}

// TestNoiseIsWhatItsStreamsSay draws two blocks, the first whole and the second in parts, as one number after the
// other does from streams of the library's cipher: bits that are enciphered ahead are those of the next chunk.
func TestNoiseIsWhatItsStreamsSay(t *testing.T) {
	g, key := mustGaussian(t, 0x1p33*0.7), KeyFromSeed(21)
	n := NoiseBlock + 3*NoiseChunk + 77
	got, noise := make([]int64, n), g.Noise(key, 4)
	noise.From(0)(got[:NoiseBlock])
	add := noise.From(NoiseBlock)
	add(got[NoiseBlock:][:NoiseChunk])
	add(got[NoiseBlock+NoiseChunk:])
	for block := range uint64(2) {
		pairs := make([]byte, 16*NoiseBlock)
		key.cipher(DomainNoise, 4, block).XORKeyStream(pairs, pairs)
		more := key.Stream(DomainNoise+" more", 4, block)
		for i := range min(NoiseBlock, n-int(block)*NoiseBlock) {
			word, x := pair(pairs, i)
			want, known := g.roundFast(table().pick(word), x)
			if !known || table().pick(word) == slow {
				want = g.finish(more, table().pick(word), x)
			}
			if at := int(block)*NoiseBlock + i; got[at] != signed(word, want) {
				t.Fatalf("number %d: %d, want %d", at, got[at], signed(word, want))
			}
		}
	}
}

// TestNoiseFromItsPlace: blocks begin at their multiples and give no more than they have.
func TestNoiseFromItsPlace(t *testing.T) {
	noise := mustGaussian(t, 5).Noise(KeyFromSeed(1), 1)
	for name, f := range map[string]func(){
		"in the midst of a block": func() { noise.From(NoiseChunk) },
		"more than a block":       func() { noise.From(0)(make([]int64, NoiseBlock+1)) },
		"after a part of a chunk": func() { add := noise.From(0); add(make([]int64, 5)); add(make([]int64, 5)) },
		"after the whole block":   func() { add := noise.From(0); add(make([]int64, NoiseBlock)); add(make([]int64, 1)) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: no panic", name)
				}
			}()
			f()
		}()
	}
}

// TestVectorsDrawTheSame: eight numbers at a time leave open what one at a time may know by the lower half of its
// product, and else give the same bits, for scales from one to the largest and any number of numbers. A processor
// without AVX-512 always draws one at a time.
func TestVectorsDrawTheSame(t *testing.T) {
	for _, scale := range []float64{1, 1.5, 517, 0x1p30 * 0.7, 0x1p44 * 0.8, 0x1p55} {
		g := mustGaussian(t, scale)
		for _, n := range []int{1, 7, 8, 9, 511, 512} {
			pairs := make([]byte, 16*n)
			KeyFromSeed(uint64(n)).cipher(DomainNoise, 0, 0).XORKeyStream(pairs, pairs)
			fast, open := make([]int64, n), make([]byte, (n+7)/8)
			g.addFast(pairs, fast, open)
			for i := range n {
				word, x := pair(pairs, i)
				bin := table().pick(word)
				magnitude, known := g.roundFast(bin, x)
				left := open[i/8]>>(i%8)&1 == 1
				if !left && (bin == slow || !known || fast[i] != signed(word, magnitude)) || left && fast[i] != 0 {
					t.Fatalf("scale %v, number %d of %d: %d, left open %v; portable: bin %d, %d, known %v", scale, i, n, fast[i], left, bin, magnitude, known)
				}
				if places := g.shift - 64; left && bin != slow && known && places > 30 {
					t.Errorf("scale %v, number %d: left open without need", scale, i)
				}
			}
		}
	}
}

func TestGaussianScaleRange(t *testing.T) {
	for _, scale := range []float64{0, 0.99, -1, math.NaN(), math.Inf(1), 0x1p55 * 1.01} {
		if _, err := NewGaussian(scale); err == nil {
			t.Errorf("scale %v: no error", scale)
		}
	}
}

// BenchmarkGaussian draws a million numbers on one thread.
func BenchmarkGaussian(b *testing.B) {
	g, sum := mustGaussian(b, 0x1p44*0.8), make([]int64, 1<<20)
	best := time.Duration(1 << 62)
	for b.Loop() {
		start := time.Now()
		g.Noise(KeyFromSeed(1), 1).AddTo(sum, 0)
		best = min(best, time.Since(start))
	}
	b.ReportMetric(float64(best.Nanoseconds())/float64(len(sum)), "best-ns/number")
}
