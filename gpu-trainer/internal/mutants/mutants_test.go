package mutants

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// mutant is a deliberate fault in one line of the trainer, and the test that must see it.
type mutant struct {
	name, file, old, new string
	dir, caughtBy        string // package folder and test
}

// mutants are the faults that private trainers have had. RATIONALE.md has the table of who catches what.
var mutants = []mutant{
	{"no noise", "step.go", "Noise: noise.From", "Noise: func(int) func([]int64) { return func([]int64) { _ = noise } }", ".", "TestTheNoiseThatRanIsTheNoiseThatWasPriced"},
	{"half the noise", "dp/grid.go", "noiseMultiplier * g.Sensitivity", "0.5 * noiseMultiplier * g.Sensitivity", "dp", "TestGridBounds"},
	{"half the noise, at run time", "dp/gaussian.go", "math.Frexp(scale)", "math.Frexp(scale / 2)", ".", "TestTheNoiseThatRanIsTheNoiseThatWasPriced"},
	{"noise on the first block only", "engine_update.go", "if u.Noise != nil {", "if u.Noise != nil && lo == 0 {", ".", "TestOnePassStepsEveryNumberOnce"},
	{"noise only where examples left something", "engine_update.go", "if noise != nil {", "if noise != nil && slices.ContainsFunc(sums, func(v int64) bool { return v != 0 }) {", ".", "TestOnePassStepsEveryNumberOnce"},
	{"a norm formed by the size of the batch", "machine/cpu/kernels/norms.go", "func cheaperByGram(length, in, out int) bool { return length*(in+out) < 2*in*out }", "var calls int\n\nfunc cheaperByGram(length, in, out int) bool { calls++; return calls%3 == 0 }", ".", "TestOneExampleIsTheSameInAnyCompany"},
	{"the same noise at every step", "step.go", "gaussian.Noise(r.key, uint64(step))", "gaussian.Noise(r.key, 1)", ".", "TestTheNoiseThatRanIsTheNoiseThatWasPriced"},
	{"noise once per micro-batch", "step.go", "		r.Tally.NonFinite += int64(stats.NonFinite)", "		r.Tally.NonFinite += int64(stats.NonFinite)\n		if r.book != nil {\n			g, _ := dp.NewGaussian(0x1p40)\n			g.Noise(r.key, uint64(1000+batch.RowIDs[0])).AddTo(r.engine.Sum(), 0)\n		}", ".", "TestTheNoiseThatRanIsTheNoiseThatWasPriced"},
	{"normaliser from the lot", "step.go", "u.Divisor = float64(r.plan.ExpectedBatchSize)", "u.Divisor = float64(len(r.sampler.Lot(r.key, step)) + 1)", ".", "TestTheNoiseThatRanIsTheNoiseThatWasPriced"},
	{"shuffle priced as Poisson", "validate.go", "{p.Sampler == dp.Shuffle,", "{false,", ".", "TestPitfallsAreNamed"},
	{"lots of one size priced as Poisson", "plan.go", "Kind: p.Sampler,", "Kind: dp.FixedSize,", ".", "TestLotsFollowTheRate"},
	{"twice the sampling rate", "dp/sampler.go", "digits := base256(rate)", "digits := base256(min(2*rate, 1))", ".", "TestLotsFollowTheRate"},
	{"clip after the sum", "dp/clip.go", "f, most := c.Factor(norm), c.Norm*(1+slack)", "f, most := 1.0, math.Inf(1)", ".", "TestTheNoiseThatRanIsTheNoiseThatWasPriced"},
	{"no factor, so that only the bound clips", "dp/clip.go", "case norm <= c.Norm:", "case norm >= 0:", "dp", "TestFactor"},
	{"an example used twice in a lot", "lots.go", "for len(order) > 0 {", "order = append(order, order[0])\n		for len(order) > 0 {", ".", "TestTheNoiseThatRanIsTheNoiseThatWasPriced"},
	{"NaN leak", "dp/clip.go", "case math.IsNaN(norm) || math.IsInf(norm, 0):", "case false:", "dp", "TestFactor"},
	{"the norm trusted although it cancels", "dp/clip.go", "case f*bound > most:", "case false:", ".", "TestCancellingExamplesStayWithinTheSensitivity"},
	{"a reused weight's uses counted apart", "machine/cpu/kernels/norms.go", "if b == id {", "if b != b {", ".", "TestNormsEqualBruteForce"},
	{"a shared weight's places counted apart", "ops/reuse.go", "joined = append(joined, b.join(places))", "joined = append(joined, places...)", ".", "TestWeightsAtSeveralPlaces"},
	{"rounding ignored in the sensitivity", "dp/grid.go", "norm*(1+slack) + math.Sqrt(float64(dim))*(0.5+0x1p-30)*g.Quantum", "norm*(1+slack)", "dp", "TestGridBounds"},
	{"the count of an adaptive clip for free", "dp/adaptive.go", "return up(z / math.Sqrt(1-(z/count)*(z/count)))", "_ = count\n	return z", "dp", "TestAdaptiveSplitsTheMultiplier"},
	{"the model moves before the ledger", "book.go", "return fmt.Errorf(\"ledger: %w; the step was not made\", err)", "return nil", ".", "TestTheLedgerComesBeforeTheModel"},
	{"resume forgets what was spent", "train.go", "events < r.Step {", "events < 0 {", ".", "TestSpentBudgetCannotFall"},
	{"resume on another arithmetic", "train.go", "unit != arithmetic &&", "false &&", ".", "TestResumeWantsTheSameArithmetic"},
	{"resume forgets the moments", "engine_state.go", "add(stateSecond, w, w.second)", "", ".", "TestTornFiles"},
	{"a plan above its budget", "validate.go", "price.Epsilon.Upper <= p.Epsilon {", "true {", ".", "TestOverBudgetIsRefused"},
	{"no noise, seen by the audit", "step.go", "Noise: noise.From", "Noise: func(int) func([]int64) { return func([]int64) { _ = noise } }", ".", "TestGradientCanariesSeeTheNoise"},
}

// TestMutantsAreCaught applies each fault to a copy of its file, through go test's overlay, and requires the named
// test to fail.
func TestMutantsAreCaught(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: builds the trainer once for each mutant")
	}
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			out, err := m.run(t)
			if err == nil {
				t.Fatalf("%s let it pass", m.caughtBy)
			}
			if !strings.Contains(out, "--- FAIL: "+m.caughtBy) {
				t.Fatalf("%s did not judge it:\n%s", m.caughtBy, out)
			}
		})
	}
}

// run tests the package with the fault in place.
func (m mutant) run(t *testing.T) (string, error) {
	t.Helper()
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(root, m.file)
	source, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if strings.Count(string(source), m.old) != 1 {
		t.Fatalf("%s: the line to break must be there once: %s", m.file, m.old)
	}
	broken := filepath.Join(t.TempDir(), "broken.go")
	if err := os.WriteFile(broken, []byte(strings.Replace(string(source), m.old, m.new, 1)), 0o666); err != nil {
		t.Fatal(err)
	}
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{path: broken}})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(file, overlay, 0o666); err != nil {
		t.Fatal(err)
	}
	command := exec.Command("go", "test", "-vet=off", "-count=1", "-ldflags=-s -w", "-overlay", file, "-run", "^"+m.caughtBy+"$", "./"+m.dir)
	command.Dir = root
	out, err := command.CombinedOutput()
	return string(out), err
}
