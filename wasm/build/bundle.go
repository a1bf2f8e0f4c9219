package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// esbuild bundles one entry point.
func (b *builder) esbuild(entry, out string, flags ...string) error {
	args := []string{"tool", "-modfile=tools/go.mod", "esbuild", entry, "--bundle", "--target=es2022",
		"--loader:.txt=text", "--log-level=warning", "--outfile=" + out}
	return b.command("go", append(args, flags...)...)
}

func (b *builder) source(name string) string { return filepath.Join(b.npm, "src", name) }

// bundles makes the package's files: every entry as ESM and as CommonJS, each complete in itself.
func (b *builder) bundles() error {
	worker := b.source("worker.gen.txt")
	if err := b.esbuild(b.source("worker.mjs"), worker, "--format=iife", "--minify", "--external:node:worker_threads"); err != nil {
		return err
	}
	for _, name := range []string{"index", "async", "async.node", "element", "full"} {
		for format, extension := range map[string]string{"esm": "js", "cjs": "cjs"} {
			out := filepath.Join(b.dist, name+"."+extension)
			charset := "--charset=ascii" // which engines read at once
			if name == "element" {
				charset = "--charset=utf8" // words in six languages
			}
			if err := b.esbuild(b.source(name+".mjs"), out, "--format="+format, charset, "--minify", "--external:node:worker_threads"); err != nil {
				return err
			}
		}
	}
	return nil
}

// types copies the declarations, once for import and once for require.
func (b *builder) types() error {
	files, err := filepath.Glob(filepath.Join(b.npm, "types", "*.d.ts"))
	if err != nil || len(files) == 0 {
		return fmt.Errorf("types: no declarations found (%v)", err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		name := strings.TrimSuffix(filepath.Base(file), ".d.ts")
		if err := os.WriteFile(filepath.Join(b.dist, name+".d.ts"), text, 0o644); err != nil {
			return err
		}
		required := strings.ReplaceAll(string(text), "'./index.js'", "'./index.cjs'")
		if err := os.WriteFile(filepath.Join(b.dist, name+".d.cts"), []byte(required), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// page writes the calculator: one file that holds its style, its script and the core.
func (b *builder) page() error {
	folder := filepath.Join(b.root, "wasm", "page")
	script, style := filepath.Join(b.temp, "page.js"), filepath.Join(b.temp, "page.css")
	if err := b.esbuild(filepath.Join(folder, "page.mjs"), script, "--format=iife", "--minify", "--charset=utf8"); err != nil {
		return err
	}
	if err := b.esbuild(filepath.Join(folder, "style.css"), style, "--minify", "--charset=utf8"); err != nil {
		return err
	}
	var parts [3]string
	for i, file := range []string{filepath.Join(folder, "index.html"), style, script} {
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		parts[i] = strings.TrimSpace(string(text))
	}
	html := strings.NewReplacer("/*STYLE*/", parts[1], "/*SCRIPT*/", strings.ReplaceAll(parts[2], "</script", `<\/script`)).Replace(parts[0])
	return os.WriteFile(filepath.Join(b.dist, "calculator.html"), []byte(html+"\n"), 0o644)
}
