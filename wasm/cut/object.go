package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"
)

// The Go object format, documented in cmd/internal/goobj/objfile.go. A file begins with objectMagic; another magic is
// another format, and refused.
const (
	objectMagic  = "\x00go120ld"
	symbolBytes  = 21 // name, abi, type, two flags, size, align
	relocBytes   = 23 // offset, size, type, addend, symbol
	stringBytes  = 8  // length, offset
	auxBytes     = 9  // type, symbol
	auxFuncInfo  = 1
	relocAddress = 1 // R_ADDR: the address of a symbol plus an addend
	relocCall    = 7 // R_CALL: the index of a function
)

// Blocks of an object, in the order of its header.
const (
	blockAutolib = iota
	blockPackages
	blockFiles
	blockSymbols
	blockHashed64
	blockHashed
	blockNonPackage
	blockReferences
	blockRefFlags
	blockHash64
	blockHash
	blockRelocIndex
	blockAuxIndex
	blockDataIndex
	blockRelocs
	blockAux
	blockData
	blockRefNames
	blockEnd
	blocks
)

// Special package numbers of a symbol reference.
const (
	packageNone = 1<<31 - 1 - iota
	packageHashed64
	packageHashed
	packageBuiltin
	packageSelf
)

// kind says in which part of the program a symbol lies.
type kind uint8

const (
	kindText      kind = 1
	kindReadOnly  kind = 3
	kindNoPointer kind = 5
	kindZeroWith  kind = 9  // zero at the start, room for pointers
	kindZero      kind = 10 // zero at the start, without pointers
)

// symbol is one definition in an object.
type symbol struct {
	name   string
	pkg    string // import path of the object that defines it
	kind   kind
	size   int
	align  int
	data   []byte // code or initial contents; shorter than size where the rest is zero
	relocs []reloc
	info   int // number of the description of a function; -1 without
	args   int // bytes of a function's arguments and results
}

// reloc is a place in a symbol's data where the linker wrote an address or an index.
type reloc struct {
	offset int
	marker bool // tells the linker something, leaves no bytes
	typ    uint16
	add    int64
	target *symbol // nil where the definition is in none of the objects
}

// objects are the definitions of a whole program.
type objects struct {
	byName map[string][]*symbol // under the names that the linked module uses
	inits  []*symbol            // package initialisers
}

// readImportcfg reads the objects that a linker configuration names.
func readImportcfg(path string) (*objects, error) {
	config, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	var files []*object
	for line := range strings.Lines(string(config)) {
		pkg, file, ok := strings.Cut(strings.TrimPrefix(strings.TrimSpace(line), "packagefile "), "=")
		if !ok {
			return nil, fmt.Errorf("%s: line %q must be packagefile PATH=OBJECT", path, strings.TrimSpace(line))
		}
		archive, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		more, err := parseArchive(pkg, archive)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		files = append(files, more...)
	}
	return resolve(files), nil
}

// parseArchive reads the objects in a package's archive: one from the compiler and perhaps some from the assembler.
func parseArchive(pkg string, archive []byte) ([]*object, error) {
	body, ok := bytes.CutPrefix(archive, []byte("!<arch>\n"))
	if !ok {
		return nil, errors.New("object: must be a Go archive")
	}
	var files []*object
	for len(body) > 0 {
		if len(body) < 60 {
			return nil, errShort
		}
		size, err := strconv.Atoi(strings.TrimSpace(string(body[48:58])))
		if err != nil || size < 0 || 60+size > len(body) {
			return nil, fmt.Errorf("archive member %q: bad size", body[:16])
		}
		member := body[60 : 60+size]
		body = body[min(60+size+size%2, len(body)):]
		_, payload, ok := bytes.Cut(member, []byte("\n!\n"))
		if !ok || !bytes.HasPrefix(member, []byte("go object ")) || !bytes.HasPrefix(payload, []byte(objectMagic)) {
			continue // export data, or an empty member
		}
		o, err := parseObject(pkg, payload)
		if err != nil {
			return nil, err
		}
		files = append(files, o)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("object: must hold the format %q (another Go version?)", objectMagic)
	}
	return files, nil
}
