package report

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/ewtune/ewtune/accountant"
	"github.com/ewtune/ewtune/eval"
)

// The words and numbers that all renderers share.

// taskNames spells the four tasks as their papers do.
var taskNames = map[string]string{"sst2": "SST-2", "qnli": "QNLI", "qqp": "QQP", "mnli": "MNLI"}

func taskName(task string) string {
	if name, ok := taskNames[task]; ok {
		return name
	}
	return task
}

// splitName is the task with what tells its splits apart: "MNLI matched".
func splitName(task, split string) string {
	short := strings.TrimPrefix(strings.TrimPrefix(split, "dev_"), "validation_")
	if short == "dev" || short == "validation" {
		if task == "mnli" { // its other split is named mismatched
			return "MNLI matched"
		}
		return taskName(task)
	}
	return taskName(task) + " " + short
}

func percent(share float64) string { return strconv.FormatFloat(100*share, 'f', 1, 64) + "\u2009%" }

// within prints the interval behind a percentage.
func within(e eval.Estimate) string {
	return fmt.Sprintf("%.1f–%.1f", 100*e.Lower, 100*e.Upper)
}

// number prints with at most four significant digits and groups thousands.
func number(x float64) string { return strconv.FormatFloat(x, 'g', 4, 64) }

func sigma(x float64) string { return strconv.FormatFloat(x, 'f', 4, 64) }

// count groups thousands: 67,349.
func count[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return digits
}

func delta(d float64) string {
	return strings.Replace(strconv.FormatFloat(d, 'g', 3, 64), "e-0", "e-", 1)
}

// interval prints a certified epsilon, its ends rounded outwards.
func interval(e accountant.Interval) string { return eval.FormatInterval(e) }

// estimate prints an estimate, or a dash where there is none.
func estimate(x *float64) string {
	if x == nil {
		return "–"
	}
	return strconv.FormatFloat(*x, 'f', 3, 64)
}

// share prints a percentage, or a dash where there is none.
func share(x *float64) string {
	if x == nil {
		return "–"
	}
	return percent(*x)
}

// accountantName says who set the noise, and marks estimates.
func accountantName(name string) string {
	switch name {
	case "":
		return "without privacy"
	case "edgeworth", "gdp":
		return name + " (estimate)"
	}
	return name
}

// claimed prints the claimed epsilon and who set the noise; a claim whose noise was set by an estimate says so.
func claimed(c *eval.Claim) string {
	text := fmt.Sprintf("ε %g at δ %s, noise set by the %s accountant", c.Epsilon, delta(c.Delta), c.Accountant)
	if c.Accountant == "edgeworth" || c.Accountant == "gdp" {
		text += ": estimate, not a guarantee"
	}
	return text
}

// verdict is the state of a setting's guarantee in a word.
func verdict(p *eval.SettingPrice) string {
	switch {
	case p == nil:
		return "not private"
	case !p.Guarantee:
		return "no guarantee"
	case !p.ClaimHolds:
		return "claim false"
	}
	return "holds"
}

// settingName names a setting below its task.
func settingName(s *eval.Setting) string {
	if s.Privacy == nil {
		return s.Method + ", without privacy"
	}
	return fmt.Sprintf("%s, %s, ε %g", s.Method, accountantName(s.Accountant), s.Target)
}

// permalink opens the calculator with the run's plan; "" for a plan of several phases.
func permalink(base string, p *eval.Privacy) string {
	if p == nil || len(p.Phases) != 1 {
		return ""
	}
	return fmt.Sprintf("%s#sampling_rate=%s&noise_multiplier=%s&steps=%d&delta=%s", base, exact(p.SamplingRate), exact(p.NoiseMultiplier), p.Steps, exact(p.Delta))
}

func exact(x float64) string { return strconv.FormatFloat(x, 'g', -1, 64) }

// several picks the word for n things.
func several(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// Estimate prints the order-1 Edgeworth estimate as every renderer prints it, always with the word estimate beside it.
func Estimate(p *eval.Privacy) string { return estimate(p.Edgeworth) }
