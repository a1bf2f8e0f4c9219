package eval

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// AuditSchema names the format of a canaries file.
const AuditSchema = "ewtune.audit/v1"

// AuditHeader is the first line of a canaries file.
type AuditHeader struct {
	Schema   string  `json:"schema"`
	Kind     string  `json:"kind"`     // input, gradient, secret, membership, membership-loss: what a canary is
	Canaries int     `json:"canaries"` // lines that follow
	Guesses  int     `json:"guesses"`  // fixed before looking: the highest half is guessed in, the lowest half out
	Delta    float64 `json:"delta"`
}

// Canary is an example that was put into training or left out by a fair coin, and how strongly the trained model
// speaks for "in": a higher score means in.
type Canary struct {
	ID       int64   `json:"id"`
	Included bool    `json:"included"`
	Score    float64 `json:"score"`
}

// Canaries is a canaries file.
type Canaries struct {
	AuditHeader
	Rows []Canary
}

// AuditConfidence is the confidence of every bound of an audit.
const AuditConfidence = 0.95

// AuditResult is what an attack on one trained model shows.
type AuditResult struct {
	Kind       string     `json:"kind"`
	Canaries   int        `json:"canaries"`
	Guesses    int        `json:"guesses"`
	Correct    int        `json:"correct"`
	Delta      float64    `json:"delta"`
	Confidence float64    `json:"confidence"`
	Lower      float64    `json:"epsilon_lower"` // with this confidence, epsilon at Delta is at least this; 0 for kinds of membership
	Membership Membership `json:"membership"`
	Exposure   *Exposure  `json:"exposure,omitempty"` // of planted secrets
}

// ReadCanaries reads a canaries file: the header, then one canary a line. name is used in errors.
func ReadCanaries(text []byte, name string) (*Canaries, error) {
	c := &Canaries{}
	lines := bufio.NewScanner(bytes.NewReader(text))
	line := 0
	for lines.Scan() {
		line++
		if err := c.readLine(lines.Bytes(), line); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if line == 0 || len(c.Rows) != c.Canaries {
		return nil, fmt.Errorf("%s: %d canaries: the header promises %d", name, len(c.Rows), c.Canaries)
	}
	return c, c.balanced(name)
}

func (c *Canaries) readLine(text []byte, line int) error {
	if line > 1 {
		var row Canary
		if err := json.Unmarshal(text, &row); err != nil {
			return notFinite(text, err)
		}
		c.Rows = append(c.Rows, row)
		return nil
	}
	if err := json.Unmarshal(text, &c.AuditHeader); err != nil {
		return fmt.Errorf("header: %w", err)
	}
	if err := checkSchema(c.Schema, AuditSchema); err != nil {
		return err
	}
	switch {
	case c.Canaries < 2:
		return fmt.Errorf("canaries %d: at least two", c.Canaries)
	case c.Guesses < 1 || c.Guesses > c.Canaries:
		return fmt.Errorf("guesses %d: must be 1..%d, the number of canaries", c.Guesses, c.Canaries)
	case !(c.Delta >= 0 && c.Delta < 1):
		return fmt.Errorf("delta %v: must be in [0, 1)", c.Delta)
	}
	return nil
}

func (c *Canaries) balanced(name string) error {
	in := 0
	seen := map[int64]bool{}
	for _, row := range c.Rows {
		if seen[row.ID] {
			return fmt.Errorf("%s: id %d: duplicate", name, row.ID)
		}
		seen[row.ID] = true
		if row.Included {
			in++
		}
	}
	if in == 0 || in == len(c.Rows) {
		return fmt.Errorf("%s: %d of %d canaries included: a coin must have put some in and left some out", name, in, len(c.Rows))
	}
	return nil
}

// Kinds of canaries that are treated in their own way.
const (
	MembershipKind     = "membership"      // training rows and held-out rows by likelihood ratio: no coin was thrown, so no bound on epsilon follows
	MembershipLossKind = "membership-loss" // the same by loss
	SecretKind         = "secret"          // planted secrets, which have an exposure
)

// Audit bounds epsilon from below by the number of right guesses (Steinke, Nasr and Jagielski 2023) and measures
// membership inference with the same scores.
func Audit(c *Canaries) (*AuditResult, error) {
	correct := c.guess()
	lower, err := AuditEpsilon(len(c.Rows), c.Guesses, correct, c.Delta, AuditConfidence)
	if err != nil {
		return nil, err
	}
	result := &AuditResult{Kind: c.Kind, Canaries: len(c.Rows), Guesses: c.Guesses, Correct: correct, Delta: c.Delta,
		Confidence: AuditConfidence, Lower: lower, Membership: measureMembership(c.Rows)}
	if !result.Bounds() {
		result.Lower = 0
	}
	if c.Kind == SecretKind {
		exposure := measureExposure(c.Rows)
		result.Exposure = &exposure
	}
	return result, nil
}

// Bounds says whether a coin chose the canaries, so that the guesses bound epsilon.
func (a *AuditResult) Bounds() bool { return a.Kind != MembershipKind && a.Kind != MembershipLossKind }

// refutes says whether the audit found more than the certified epsilon allows, at no larger a delta than was audited.
func (a *AuditResult) refutes(p *Privacy) bool {
	return a.Lower > p.Epsilon.Upper && a.Delta >= p.Delta
}

// guess calls the canaries of highest score in and those of lowest score out, half of the guesses each, and counts
// the right ones. Equal scores are ordered by id, which says nothing of the coin.
func (c *Canaries) guess() int {
	rows := slices.Clone(c.Rows)
	slices.SortFunc(rows, func(a, b Canary) int {
		switch {
		case a.Score > b.Score:
			return -1
		case a.Score < b.Score:
			return 1
		}
		return cmp.Compare(a.ID, b.ID)
	})
	correct, in := 0, (c.Guesses+1)/2
	for _, row := range rows[:in] {
		if row.Included {
			correct++
		}
	}
	for _, row := range rows[len(rows)-(c.Guesses-in):] {
		if !row.Included {
			correct++
		}
	}
	return correct
}

// AuditEpsilon is the largest epsilon that the guesses refute: were the training (epsilon, delta)-DP with a smaller
// one, so many right guesses would have probability below 1 - confidence. canaries were each included by a fair coin,
// guesses of them were guessed, correct of those rightly. 0 where nothing is refuted.
//
// Steinke, Nasr and Jagielski 2023, theorem 5.2: the chance is at most β + 2 m δ α with W binomial(guesses,
// e^ε/(1+e^ε)), β = P[W >= correct] and α = max over i of P[correct > W >= correct-i] / i.
func AuditEpsilon(canaries, guesses, correct int, delta, confidence float64) (float64, error) {
	switch {
	case guesses < 0 || guesses > canaries:
		return 0, fmt.Errorf("guesses %d: must be 0..%d, the number of canaries", guesses, canaries)
	case correct < 0 || correct > guesses:
		return 0, fmt.Errorf("correct %d: must be 0..%d, the number of guesses", correct, guesses)
	case !(delta >= 0 && delta < 1):
		return 0, fmt.Errorf("delta %v: must be in [0, 1)", delta)
	case !(confidence > 0 && confidence < 1):
		return 0, errors.New("confidence: must be in (0, 1)")
	}
	refuted := func(epsilon float64) bool { return auditP(canaries, guesses, correct, epsilon, delta) < 1-confidence }
	if !refuted(0) {
		return 0, nil
	}
	// All right out of r guesses refutes at most ln r + 3 at 95 %; 1 - confidence > 2^-53 keeps the search finite.
	low, high := 0.0, 1.0
	for refuted(high) {
		low, high = high, 2*high
	}
	for high-low > 1e-9 {
		if mid := (low + high) / 2; refuted(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return low, nil
}

// auditP bounds the chance of at least correct right guesses under (epsilon, delta)-DP.
func auditP(canaries, guesses, correct int, epsilon, delta float64) float64 {
	right := distuv.Binomial{N: float64(guesses), P: 1 / (1 + math.Exp(-epsilon))}
	beta := atLeast(correct, guesses, right.P)
	alpha, sum := 0.0, 0.0
	for i := 1; i <= correct && delta > 0; i++ {
		sum += right.Prob(float64(correct - i))
		alpha = max(alpha, sum/float64(i))
	}
	return min(1, beta+2*float64(canaries)*delta*alpha)
}
