package trainer

import (
	"os"
	"os/exec"
	"runtime"
	"strings"
	"testing"

	"golang.org/x/sys/cpu"
)

// unitVariable tells a child of TestEveryUnitMeetsTheGoldens which vector unit it must find.
const unitVariable = "EWTUNE_TEST_UNIT"

// TestEveryUnitMeetsTheGoldens runs the goldens, and the test of one example's gradient, on the code for AVX2 and on
// what Go compiles, which a processor with AVX-512 would never run otherwise. Each is a process of its own, in which
// the processor is made to seem without the better units.
func TestEveryUnitMeetsTheGoldens(t *testing.T) {
	if os.Getenv(unitVariable) != "" {
		t.SkipNow() // in a child
	}
	units := map[string]string{"portable-" + runtime.GOARCH: "cpu.avx512f=off,cpu.avx2=off"}
	if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
		units["avx2"] = "cpu.avx512f=off"
	}
	for unit, off := range units {
		t.Run(unit, func(t *testing.T) {
			child := exec.Command(os.Args[0], "-test.v", "-test.run", "^(TestUnitOfThisProcess|TestGolden(Forward|ClippedSums|Steps|RGPSteps)|TestOneExampleIsTheSameInAnyCompany)$")
			child.Env = append(os.Environ(), unitVariable+"="+unit, "GODEBUG="+off)
			output, err := child.CombinedOutput()
			if err != nil {
				t.Fatalf("%v\n%s", err, output)
			}
			if passed := strings.Count("\n"+string(output), "\n--- PASS: "); passed != 6 {
				t.Errorf("%d of 6 tests passed:\n%s", passed, output)
			}
		})
	}
}

// TestUnitOfThisProcess: the unit is the one that the parent wants, or the best that there is.
func TestUnitOfThisProcess(t *testing.T) {
	want := os.Getenv(unitVariable)
	if want == "" {
		want = "portable-" + runtime.GOARCH
		if cpu.X86.HasAVX2 && cpu.X86.HasFMA {
			want = "avx2"
		}
		if cpu.X86.HasAVX512F && cpu.X86.HasAVX512DQ && cpu.X86.HasAVX512BW && cpu.X86.HasAVX512VL {
			want = "avx512"
		}
	}
	e := newEngine(t, smallModel(), methods()["head"], EngineOptions{})
	if got := e.core.unit(); got != want {
		t.Errorf("unit %s, want %s", got, want)
	}
}
