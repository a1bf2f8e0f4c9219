// Package simulator runs a test in Oclgrind, a simulator of OpenCL devices (Price and McIntosh-Smith 2015) that sees
// what a real device does not tell: accesses outside of buffers, data races between and within work-groups, barriers
// that not all items of a group reach, and wrong arguments.
package simulator

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// libraries are where Debian's package oclgrind keeps the simulator as a driver; OCLGRIND_DRIVER names another place.
const libraries = "/usr/lib/oclgrind/liboclgrind-rt-icd.so"

const inside = "EWTUNE_IN_SIMULATOR"

// Run runs the test that calls it once more, in a process of its own whose only OpenCL device is the simulator, and
// returns what the simulator complained of. In that process Run returns child true, and nothing else is to be done
// than the work. A machine without the simulator skips the test.
func Run(t *testing.T) (complaints string, child bool) {
	t.Helper()
	if os.Getenv(inside) != "" {
		return "", true
	}
	driver := libraries
	if named := os.Getenv("OCLGRIND_DRIVER"); named != "" {
		driver = named
	}
	if _, err := os.Stat(driver); err != nil {
		t.Skip("needs the simulator oclgrind (Debian: oclgrind)")
	}
	log := filepath.Join(t.TempDir(), "complaints")
	command := exec.Command(os.Args[0], "-test.run", "^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), inside+"=1", "OCL_ICD_VENDORS="+driver,
		"OCLGRIND_DATA_RACES=1", "OCLGRIND_LOG="+log)
	out, err := command.CombinedOutput()
	if err != nil || bytes.Contains(out, []byte("--- SKIP")) {
		t.Fatalf("in the simulator: %v\n%s", err, out)
	}
	text, err := os.ReadFile(log)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(text), false
}
