// Command build makes everything under wasm/ that `npm pack` needs: the whole accountant and the small core as
// WebAssembly, the npm package's bundles and types, and the calculator page. It needs nothing but Go; run it from anywhere
// in the repository:
//
//	go run ./wasm/build
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

const module = "github.com/ewtune/ewtune"

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "build:", err)
		os.Exit(1)
	}
}

// builder knows the folders that the steps share.
type builder struct {
	root string // of the repository
	npm  string // wasm/npm
	dist string // wasm/npm/dist
	temp string
}

func run() error {
	b, err := newBuilder()
	if err != nil {
		return err
	}
	defer os.RemoveAll(b.temp)
	for _, step := range []func() error{b.wholeModule, b.smallCore, b.versionFile, b.bundles, b.types, b.page, b.license} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func newBuilder() (*builder, error) {
	root, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", module).Output()
	if err != nil {
		return nil, fmt.Errorf("run me inside the repository: %w", err)
	}
	b := &builder{root: strings.TrimSpace(string(root))}
	b.npm = filepath.Join(b.root, "wasm", "npm")
	b.dist = filepath.Join(b.npm, "dist")
	if err := os.RemoveAll(b.dist); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(b.dist, 0o755); err != nil {
		return nil, err
	}
	b.temp, err = os.MkdirTemp("", "ewtune-wasm")
	return b, err
}

// goWasm runs the go command for WebAssembly, with the same flags for every step so that the objects agree.
func (b *builder) goWasm(args ...string) ([]byte, error) {
	c := exec.Command("go", args...)
	c.Dir = b.root
	c.Env = append(os.Environ(), "GOOS=wasip1", "GOARCH=wasm", "GOFLAGS=-trimpath "+os.Getenv("GOFLAGS"), "CGO_ENABLED=0", "GOWORK=off")
	c.Stderr = os.Stderr
	out, err := c.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w", args[0], err)
	}
	return out, nil
}

// reactor links a package without a main loop of its own.
func (b *builder) reactor(pkg, out, ldflags string) error {
	_, err := b.goWasm("build", "-buildvcs=false", "-buildmode=c-shared", "-ldflags="+ldflags, "-o", out, pkg)
	return err
}

func (b *builder) wholeModule() error {
	return b.reactor("./wasm", filepath.Join(b.dist, "full.wasm"), "-s -w")
}

// smallCore cuts the kernel out of the whole module. Where that cannot be done, with another Go version say, the kernel's
// own module takes its place, Go's runtime and all: larger, but right.
func (b *builder) smallCore() error {
	core := filepath.Join(b.dist, "core.wasm")
	host := "export const imports = (/** @type {object} */ _host) => ({});\n"
	if err := b.cut(core); err != nil {
		fmt.Fprintf(os.Stderr, "build: the core is not cut but whole: %v\n", err)
		if err := b.reactor("./wasm/uncut", core, "-s -w"); err != nil {
			return err
		}
		host = "export { wasi as imports } from './wasi.mjs';\n"
	}
	code, err := os.ReadFile(core)
	if err != nil {
		return err
	}
	// Two hexadecimal digits a byte: every engine has a quick way to read them, no server's idea of a character set matters,
	// and compressed they take a twentieth more than the bytes themselves, where base64 takes a third.
	return b.write("src/core.gen.mjs", fmt.Sprintf("export const code = \"%x\";\n%s", code, host))
}

// cut runs the cutter on a linked module that still has its names.
func (b *builder) cut(out string) error {
	linked, config := filepath.Join(b.temp, "linked.wasm"), filepath.Join(b.temp, "importcfg")
	if err := b.reactor("./wasm", linked, ""); err != nil {
		return err
	}
	list, err := b.goWasm("list", "-export", "-deps", "-f", "{{if .Export}}packagefile {{.ImportPath}}={{.Export}}{{end}}", "./wasm")
	if err != nil {
		return err
	}
	if err := os.WriteFile(config, list, 0o644); err != nil {
		return err
	}
	args := []string{"run", "./wasm/cut", "-module", linked, "-importcfg", config, "-o", out}
	const flat = module + "/wasm/flat."
	for _, name := range []string{"Epsilon", "Delta", "Noise", "Steps", "Rate", "Deltas", "Epsilons"} {
		args = append(args, "-func", strings.ToLower(name)+"="+flat+name)
	}
	return b.command("go", append(args, "-data", "input="+flat+"Input", "-data", "output="+flat+"Output")...)
}

func (b *builder) command(name string, args ...string) error {
	c := exec.Command(name, args...)
	c.Dir = b.root
	var complaint bytes.Buffer
	c.Stdout, c.Stderr = os.Stdout, &complaint
	if err := c.Run(); err != nil {
		return fmt.Errorf("%s %s: %w\n%s", name, args[0], err, complaint.Bytes())
	}
	return nil
}

// write puts a generated file beside the package's sources.
func (b *builder) write(name, text string) error {
	return os.WriteFile(filepath.Join(b.npm, name), []byte(text), 0o644)
}

func (b *builder) versionFile() error {
	manifest, err := os.ReadFile(filepath.Join(b.npm, "package.json"))
	if err != nil {
		return err
	}
	var p struct{ Version string }
	if err := json.Unmarshal(manifest, &p); err != nil {
		return fmt.Errorf("package.json: %w", err)
	}
	return b.write("src/version.gen.mjs", fmt.Sprintf("export const version = %q;\n", p.Version))
}

func (b *builder) license() error {
	text, err := os.ReadFile(filepath.Join(b.root, "LICENSE"))
	if err != nil {
		return err
	}
	return b.write("LICENSE", string(text))
}
