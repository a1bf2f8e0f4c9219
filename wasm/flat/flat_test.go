package flat

import (
	"testing"

	"github.com/ewtune/ewtune/accountant"
	"github.com/ewtune/ewtune/accountant/kernel"
)

// TestMemory checks that the arrays are as large as the kernel wants them.
func TestMemory(t *testing.T) {
	if want := kernel.SizeWorkspace(smallCoarse, smallFine, smallNodes); len(smallMemory) != want {
		t.Errorf("small memory %d, want %d", len(smallMemory), want)
	}
	if want := kernel.SizeWorkspace(largeCoarse, largeFine, largeNodes); len(largeMemory) != want {
		t.Errorf("large memory %d, want %d", len(largeMemory), want)
	}
}

// TestSameAsAccountant compares with package accountant, to the bit.
func TestSameAsAccountant(t *testing.T) {
	for _, p := range [][3]float64{{0.0297, 0.65, 606}, {0.01, 1, 1000}, {0.001, 0.8, 1e5}, {1, 4, 20}, {0.2, 1, 1}} {
		clear(Input[:])
		Input[0], Input[1] = 1, 1e-5
		copy(Input[8:], p[:])
		Epsilon()
		want, err := accountant.Epsilon(accountant.Homogeneous(p[0], p[1], int64(p[2])), 1e-5)
		if err != nil {
			t.Fatal(err)
		}
		got := [6]float64(Output[1:7])
		if got != [6]float64{want.Remove.Lower, want.Remove.Estimate, want.Remove.Upper, want.Add.Lower, want.Add.Estimate, want.Add.Upper} {
			t.Errorf("plan %v: %v, accountant %+v", p, got, want)
		}
	}
}

// TestNothingAllocates is what lets the functions be cut out of the runtime.
func TestNothingAllocates(t *testing.T) {
	clear(Input[:])
	copy(Input[:], []float64{1, 1e-5, 0, 0, 1, 0, 0, 0, 0.01, 1, 1000})
	for method := range 4 {
		Input[3] = float64(method)
		if n := testing.AllocsPerRun(2, Epsilon); n != 0 {
			t.Errorf("accountant %d: %v allocations", method, n)
		}
	}
}
