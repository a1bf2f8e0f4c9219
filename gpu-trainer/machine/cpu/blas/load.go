//go:build darwin || freebsd || linux

package blas

import (
	"fmt"

	"github.com/ebitengine/purego"
)

// load opens a shared library and returns what binds its functions.
func load(file string) (bind func(function any, symbol string) error, err error) {
	handle, err := purego.Dlopen(file, purego.RTLD_NOW|purego.RTLD_LOCAL)
	if err != nil {
		return nil, err
	}
	return func(function any, symbol string) error {
		address, err := purego.Dlsym(handle, symbol)
		if err != nil {
			return fmt.Errorf("blas: %s lacks %s", file, symbol)
		}
		purego.RegisterFunc(function, address)
		return nil
	}, nil
}
