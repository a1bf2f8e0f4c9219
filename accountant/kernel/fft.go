package kernel

import "math"

// The fast Fourier transform on n = 2·len(fine) points, radix 2, with its twiddles in turn[0] and turn[1].
//
// Rounding: each of the log₂ n stages multiplies by a twiddle right to 3 units and adds, so that the result errs by at
// most fftUnits·unit of its own Euclidean norm (Higham 2002, theorem 24.2).

const fftUnits = 8

// transformSize returns the number of points that the workspace holds twice, 0 if that is not a useful number.
func (w *Workspace) transformSize() int {
	n := 2 * len(w.fine.z)
	if n&(n-1) != 0 || 2*n > len(w.re) || n < 1024 {
		return 0
	}
	return n
}

// twiddle fills the factors e^(−2πik/n).
func (w *Workspace) twiddle(n int) {
	for k := 0; k < n/2; k++ {
		sin, cos := Sincos(2 * math.Pi * float64(k) / float64(n))
		w.turn[0][k], w.turn[1][k] = cos, -sin
	}
}

// transform replaces re + i im by its transform; inverse without the division by n.
func (w *Workspace) transform(re, im list, inverse bool) {
	n := len(re)
	reverseBits(re, im)
	sign := 1.0
	if inverse {
		sign = -1
	}
	for half := 1; half < n; half *= 2 {
		stride := n / (2 * half)
		for base := 0; base < n; base += 2 * half {
			for k := 0; k < half; k++ {
				c, s := w.turn[0][k*stride], sign*w.turn[1][k*stride]
				i, j := base+k, base+k+half
				x, y := re[j]*c-im[j]*s, re[j]*s+im[j]*c
				re[j], im[j] = re[i]-x, im[i]-y
				re[i], im[i] = re[i]+x, im[i]+y
			}
		}
	}
}

func reverseBits(re, im list) {
	n := len(re)
	j := 0
	for i := 1; i < n; i++ {
		bit := n >> 1
		for ; j&bit != 0; bit >>= 1 {
			j ^= bit
		}
		j ^= bit
		if i < j {
			re[i], re[j] = re[j], re[i]
			im[i], im[j] = im[j], im[i]
		}
	}
}
