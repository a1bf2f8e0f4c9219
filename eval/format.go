package eval

import (
	"fmt"
	"math"

	"github.com/ewtune/ewtune/accountant"
)

// FormatUpper prints an upper bound on epsilon with four decimals, rounded up: what is printed is never below what
// was proved.
func FormatUpper(epsilon float64) string { return fmt.Sprintf("%.4f", math.Ceil(epsilon*1e4)/1e4) }

// FormatLower prints a lower bound on epsilon with four decimals, rounded down.
func FormatLower(epsilon float64) string { return fmt.Sprintf("%.4f", math.Floor(epsilon*1e4)/1e4) }

// FormatInterval prints an interval of epsilon, its ends rounded outwards.
func FormatInterval(e accountant.Interval) string {
	return fmt.Sprintf("[%s, %s]", FormatLower(e.Lower), FormatUpper(e.Upper))
}
