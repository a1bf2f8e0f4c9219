package blas

import (
	"fmt"
	"slices"

	"github.com/ewtune/ewtune/gpu-trainer/machine/cpu/kernels"
)

// Names that Open and Choose know beside the libraries'.
const (
	Builtin = "builtin" // the products of package kernels
	Auto    = "auto"    // whatever Choose finds
)

// A library is how one is found and called. The functions are C's.
type library struct {
	name    string
	files   []string // as the system's loader knows them
	prepare func(open func(function any, symbol string) error, threads int) (kernels.BLAS, error)
}

var libraries = []library{
	{"openblas", []string{"libopenblas.so.0", "libopenblas.so", "libopenblas.dylib"}, openBLAS},
	{"onednn", []string{"libdnnl.so.3", "libdnnl.so.2", "libdnnl.so", "libdnnl.dylib"}, oneDNN},
}

// Names lists what --blas takes.
func Names() []string {
	names := []string{Auto, Builtin}
	for _, l := range libraries {
		names = append(names, l.name)
	}
	return names
}

// Open loads a library by name, "openblas" or "onednn", for the given number of threads. The name Builtin, or none,
// gives nil. One process has one setting of threads a library: the last.
func Open(name string, threads int) (kernels.BLAS, error) {
	if name == "" || name == Builtin {
		return nil, nil
	}
	i := slices.IndexFunc(libraries, func(l library) bool { return l.name == name })
	if i < 0 {
		return nil, fmt.Errorf("blas %q: must be one of %v", name, Names()[1:])
	}
	return libraries[i].open(threads)
}

func (l library) open(threads int) (kernels.BLAS, error) {
	for _, file := range l.files {
		bind, err := load(file)
		if err == nil {
			return l.prepare(bind, threads)
		}
	}
	return nil, fmt.Errorf("blas %s: the system has no %s", l.name, l.files[0])
}

// Values of CBLAS.
const rowMajor, plain, transposed = 101, 111, 112

func openBLAS(bind func(any, string) error, threads int) (kernels.BLAS, error) {
	var setThreads func(n int32)
	var sgemm func(order, transA, transB, m, n, k int32, alpha float32, a *float32, lda int32, b *float32, ldb int32, beta float32, c *float32, ldc int32)
	if err := bind(&setThreads, "openblas_set_num_threads"); err != nil {
		return nil, err
	}
	if err := bind(&sgemm, "cblas_sgemm"); err != nil {
		return nil, err
	}
	setThreads(int32(threads))
	flag := func(t bool) int32 {
		if t {
			return transposed
		}
		return plain
	}
	return func(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
		sgemm(rowMajor, flag(transA), flag(transB), int32(m), int32(n), int32(k), 1, &a[0], int32(lda), &b[0], int32(ldb), beta, &c[0], int32(ldc))
	}, nil
}

// oneDNN takes its threads from OpenMP, whose setting is the process's own.
func oneDNN(bind func(any, string) error, threads int) (kernels.BLAS, error) {
	var sgemm func(transA, transB int8, m, n, k int64, alpha float32, a *float32, lda int64, b *float32, ldb int64, beta float32, c *float32, ldc int64) int32
	if err := bind(&sgemm, "dnnl_sgemm"); err != nil {
		return nil, err
	}
	var setThreads func(n int32)
	if err := bind(&setThreads, "omp_set_num_threads"); err == nil {
		setThreads(int32(threads))
	}
	flag := func(t bool) int8 {
		if t {
			return 'T'
		}
		return 'N'
	}
	return func(transA, transB bool, m, n, k int, a []float32, lda int, b []float32, ldb int, beta float32, c []float32, ldc int) {
		if sgemm(flag(transA), flag(transB), int64(m), int64(n), int64(k), 1, &a[0], int64(lda), &b[0], int64(ldb), beta, &c[0], int64(ldc)) != 0 {
			panic("dnnl_sgemm: refused a product") // its arguments are valid, or the kernel's caller broke its contract
		}
	}, nil
}
