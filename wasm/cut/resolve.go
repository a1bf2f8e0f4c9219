package main

import (
	"regexp"
	"strings"
)

// resolve joins the objects of a program: each relocation gets the symbol that it means.
func resolve(files []*object) *objects {
	all := &objects{byName: map[string][]*symbol{}}
	byPath := map[string]*object{}
	raw := map[string][]*symbol{}
	for _, f := range files {
		if _, assembled := byPath[f.pkg]; !assembled {
			byPath[f.pkg] = f // the compiler's object comes first and is the one that numbers refer to
		}
		for _, s := range f.symbols {
			raw[s.name] = append(raw[s.name], s)
			all.byName[linkedName(s.name)] = append(all.byName[linkedName(s.name)], s)
			if s.kind == kindText && isInit(s) {
				all.inits = append(all.inits, s)
			}
		}
	}
	for _, f := range files {
		for i, s := range f.symbols {
			for _, x := range f.raw[i] {
				x.target = f.lookup(byPath, raw, x.pkg, x.sym)
				s.relocs = append(s.relocs, x.reloc)
			}
		}
	}
	return all
}

var notInName = regexp.MustCompile(`[^\w.]`)

// linkedName is a symbol's name as the linker writes it into the name section.
func linkedName(name string) string { return notInName.ReplaceAllString(name, "_") }

// isInit reports whether a function runs before main: PKG.init, PKG.init.0, PKG.map.init.0.
func isInit(s *symbol) bool {
	rest, ok := strings.CutPrefix(s.name, s.pkg+".")
	if !ok {
		rest, ok = strings.CutPrefix(s.name, "main.")
	}
	return ok && (rest == "init" || strings.HasPrefix(rest, "init.") || strings.HasPrefix(rest, "map.init."))
}
