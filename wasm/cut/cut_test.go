package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/tetratelabs/wazero"
	"github.com/tetratelabs/wazero/api"
	"github.com/tetratelabs/wazero/imports/wasi_snapshot_preview1"
)

// linkedProgram is a program as Go's linker wrote it, and what it was linked from.
type linkedProgram struct {
	program []byte
	objects *objects
}

// sample links testdata/sample once for all tests.
var sample = sync.OnceValues(func() (linkedProgram, error) { return link("testdata/sample") })

// link builds the program in a folder.
func link(source string) (built linkedProgram, err error) {
	dir, err := os.MkdirTemp("", "cut")
	if err != nil {
		return built, err
	}
	defer os.RemoveAll(dir)
	config := filepath.Join(dir, "importcfg")
	list, err := goCommand(source, "list", "-trimpath", "-export", "-deps", "-f", "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}", ".")
	if err != nil {
		return built, err
	}
	if err := os.WriteFile(config, list, 0o644); err != nil {
		return built, err
	}
	module := filepath.Join(dir, "sample.wasm")
	if _, err := goCommand(source, "build", "-trimpath", "-buildvcs=false", "-buildmode=c-shared", "-o", module, "."); err != nil {
		return built, err
	}
	if built.program, err = os.ReadFile(module); err != nil {
		return built, err
	}
	built.objects, err = readImportcfg(config)
	return built, err
}

func goCommand(dir string, args ...string) ([]byte, error) {
	command := exec.Command("go", args...)
	command.Dir = dir
	command.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=")
	command.Stderr = os.Stderr
	return command.Output()
}

func cutSample(t *testing.T, r request) (*result, error) {
	t.Helper()
	built, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	return cut(built.program, built.objects, r)
}

func kernelRequest() request {
	return request{
		funcs: []export{{"kernel", "main.kernel"}},
		data:  []export{{"input", "main.input"}, {"output", "main.output"}},
	}
}

// instance is a running module with a kernel, an input and an output.
type instance struct {
	module        api.Module
	input, output uint32
}

func start(t *testing.T, runtime wazero.Runtime, name string, code []byte) *instance {
	t.Helper()
	ctx := context.Background()
	m, err := runtime.InstantiateWithConfig(ctx, code, wazero.NewModuleConfig().WithName(name).WithStartFunctions("_initialize"))
	if err != nil {
		t.Fatal(err)
	}
	return &instance{m, address(t, m, "input"), address(t, m, "output")}
}

// address reads a global of the small module, or calls the function of the whole one.
func address(t *testing.T, m api.Module, name string) uint32 {
	t.Helper()
	if g := m.ExportedGlobal(name); g != nil {
		return uint32(g.Get())
	}
	r, err := m.ExportedFunction(name).Call(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return uint32(r[0])
}

func (i *instance) run(t *testing.T, input [16]float64) []byte {
	t.Helper()
	return i.runKernel(t, "kernel", input)
}

// runKernel runs one of several kernels.
func (i *instance) runKernel(t *testing.T, name string, input [16]float64) []byte {
	t.Helper()
	b, _ := binary.Append(nil, binary.LittleEndian, input)
	i.module.Memory().Write(i.input, b)
	if _, err := i.module.ExportedFunction(name).Call(context.Background()); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	out, _ := i.module.Memory().Read(i.output, 128)
	return bytes.Clone(out)
}

func newRuntime(t *testing.T) wazero.Runtime {
	ctx := context.Background()
	runtime := wazero.NewRuntime(ctx)
	t.Cleanup(func() { runtime.Close(ctx) })
	wasi_snapshot_preview1.MustInstantiate(ctx, runtime)
	return runtime
}

// TestCutEqualsProgram runs the cut kernel and the whole program on the same random inputs: the outputs agree bit by bit.
func TestCutEqualsProgram(t *testing.T) {
	cut, err := cutSample(t, kernelRequest())
	if err != nil {
		t.Fatal(err)
	}
	built, _ := sample()
	runtime := newRuntime(t)
	whole, small := start(t, runtime, "whole", built.program), start(t, runtime, "small", cut.module)
	random := rand.New(rand.NewPCG(1, 2))
	for n := range 2000 {
		var input [16]float64
		for i := range input {
			input[i] = random.NormFloat64() * math.Exp(10*random.Float64()-5)
		}
		if want, got := whole.run(t, input), small.run(t, input); !bytes.Equal(want, got) {
			t.Fatalf("input %d: %v: whole %x, small %x", n, input, want, got)
		}
	}
}

// TestCutStandsAlone checks that the small module asks nothing of its host and is small.
func TestCutStandsAlone(t *testing.T) {
	cut, err := cutSample(t, kernelRequest())
	if err != nil {
		t.Fatal(err)
	}
	compiled, err := newRuntime(t).CompileModule(context.Background(), cut.module)
	if err != nil {
		t.Fatal(err)
	}
	if n := len(compiled.ImportedFunctions()) + len(compiled.ImportedMemories()); n != 0 {
		t.Errorf("%d imports, want none", n)
	}
	if n := len(compiled.ExportedFunctions()); n != 1 {
		t.Errorf("%d exported functions, want 1", n)
	}
	if n := len(cut.module); n > 30_000 {
		t.Errorf("%d bytes: more than the kernel was kept", n)
	}
}

func TestCutIsDeterministic(t *testing.T) {
	first, err := cutSample(t, kernelRequest())
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := cutSample(t, kernelRequest())
		if err != nil || !bytes.Equal(first.module, again.module) {
			t.Fatalf("the same program was cut differently (%v)", err)
		}
	}
}

func TestCutTrapsWherePanicsWere(t *testing.T) {
	cut, err := cutSample(t, kernelRequest())
	if err != nil {
		t.Fatal(err)
	}
	small := start(t, newRuntime(t), "small", cut.module)
	before := small.run(t, [16]float64{1: 2})
	b, _ := binary.Append(nil, binary.LittleEndian, [16]float64{3: math.NaN()}) // becomes the divisor 0
	small.module.Memory().Write(small.input, b)
	if _, err := small.module.ExportedFunction("kernel").Call(context.Background()); err == nil {
		t.Error("a division by zero did not trap")
	}
	if after := small.run(t, [16]float64{1: 2}); !bytes.Equal(before, after) {
		t.Error("an earlier call changed the result of a later one")
	}
}

func TestCutRefuses(t *testing.T) {
	for _, test := range []struct{ name, symbol, want string }{
		{"allocation", "main.allocates", "no object defines"},
		{"call through a pointer", "main.indirect", "only plain numbers"},
		{"map", "main.looksUp", "named"},
		{"array filled by init", "main.prepared", "while the program starts"},
		{"pointer in data", "main.pointers", "while the program starts"},
		{"defer", "main.defers", "holds an address"},
		{"formatting", "main.formats", "strconv"},
		{"printing", "main.prints", "service of the runtime"},
		{"goroutine", "main.spawns", ""},
		{"unknown function", "main.absent", "exactly one function"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := cutSample(t, request{funcs: []export{{"f", test.symbol}}})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
}

func TestCutRefusesUntouchedData(t *testing.T) {
	r := kernelRequest()
	r.data = append(r.data, export{"sink", "main.sink"})
	if _, err := cutSample(t, r); err == nil || !strings.Contains(err.Error(), "none of the functions touches it") {
		t.Errorf("error %v", err)
	}
}

// TestCutRefusesDamage changes one byte of the linked module inside kept code or data: no such module is accepted.
func TestCutRefusesDamage(t *testing.T) {
	built, err := sample()
	if err != nil {
		t.Fatal(err)
	}
	cutBefore, err := cut(built.program, built.objects, kernelRequest())
	if err != nil {
		t.Fatal(err)
	}
	random := rand.New(rand.NewPCG(3, 4))
	for n := range 40 {
		f := cutBefore.funcs[n%len(cutBefore.funcs)]
		at := bytes.Index(built.program, f.code)
		damaged := bytes.Clone(built.program)
		offset := random.IntN(len(f.code))
		damaged[at+offset] ^= 1 << random.IntN(8)
		after, err := cut(damaged, built.objects, kernelRequest())
		if err == nil && !isSpot(f, offset) {
			t.Errorf("%s, byte %d: damage was not noticed (%d bytes)", f.name, offset, len(after.module))
		}
	}
	for _, d := range cutBefore.data {
		if d.image[0] == 0 {
			continue
		}
		at := bytes.Index(built.program, d.image[:min(len(d.image), 16)])
		damaged := bytes.Clone(built.program)
		damaged[at+1] ^= 1
		if _, err := cut(damaged, built.objects, kernelRequest()); err == nil {
			t.Errorf("%s: damage was not noticed", d.name)
		}
	}
}

// isSpot reports whether a byte belongs to a number that the linker wrote; changing a return address changes nothing.
func isSpot(f *function, offset int) bool {
	for _, s := range f.spots {
		if s.from <= offset && offset < s.to {
			return true
		}
	}
	return false
}

func TestRunReportsUsage(t *testing.T) {
	for _, args := range [][]string{nil, {"-func", "x"}, {"-module", "absent", "-importcfg", "absent", "-o", "x", "-func", "a=b"}} {
		if err := run(args, new(bytes.Buffer)); err == nil {
			t.Errorf("%q: want an error", args)
		}
	}
}

func FuzzParseModule(f *testing.F) {
	f.Add([]byte("\x00asm\x01\x00\x00\x00"))
	f.Add([]byte("\x00asm\x01\x00\x00\x00\x01\x04\x01\x60\x00\x00\x00\x08\x04name\x01\x02\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = parseModule(b) })
}

func FuzzParseArchive(f *testing.F) {
	f.Add([]byte("!<arch>\n" + strings.Repeat(" ", 48) + "4         `\nabcd"))
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = parseArchive("p", b) })
}

func FuzzScan(f *testing.F) {
	f.Add([]byte{0, 0x41, 0, 0x0b})
	f.Fuzz(func(t *testing.T, b []byte) { _, _ = scan(b) })
}
