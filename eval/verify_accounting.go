package eval

import (
	"math"
	"regexp"
)

// accountingTolerance is how far, as a share of it, a figure of an accountant may lie from the one computed again: versions of an
// accountant that are all right, and processors that fuse a product with a sum, give other last digits. Those differ by
// 1e-9 and less where the intervals are as narrow as they are for any plan that trains (1e-12 to 1e-9 wide). A change of one in
// the sixth significant digit is at least 1e-6 of a figure, ten times what is let pass, and what is printed has four decimals.
//
// The width of an interval excuses nothing: inside it an end is proved by no one but the accountant that stated it.
const (
	accountingTolerance = 1e-7
	accountingNoise     = 1e-12 // for figures that are 0, or are left over from a difference
)

// Figures of accountants by their path in report.json, without indices. The epsilon of a curve is rounded up to spentStep, so
// the last bit can move it by one step.
var (
	accounted = regexp.MustCompile(`^\.(runs|settings)\.privacy\.` +
		`((epsilon|remove|add|pld|all_trials)\.(lower|estimate|upper)|edgeworth_order_1|rdp|mu|trade_off\.beta)$`)
	accountedSteps = regexp.MustCompile(`^\.runs\.curves\.points\.epsilon$`)
	indices        = regexp.MustCompile(`\[\d+\]`)
)

// sameAccounting says that the figure is an accountant's and agrees with the one computed again.
func sameAccounting(where string, stated, computed any) bool {
	s, ok := stated.(float64)
	c, isNumber := computed.(float64)
	if !ok || !isNumber {
		return false
	}
	path, slack := indices.ReplaceAllString(where, ""), accountingTolerance*math.Abs(c)+accountingNoise
	if accountedSteps.MatchString(path) {
		return math.Abs(s-c) <= slack+spentStep
	}
	return accounted.MatchString(path) && math.Abs(s-c) <= slack
}
