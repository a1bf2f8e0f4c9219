//go:build !(darwin || freebsd || linux)

package blas

import "errors"

func load(string) (func(any, string) error, error) {
	return nil, errors.New("blas: no libraries are loaded on this operating system")
}
