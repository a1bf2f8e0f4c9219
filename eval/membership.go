package eval

import (
	"math"
	"slices"
)

// Membership says how well a score tells the rows that were trained on from those that were not.
type Membership struct {
	Members    int        `json:"members"`
	NonMembers int        `json:"non_members"`
	AUC        float64    `json:"auc"`       // area under the ROC curve; 0.5 is guessing
	Advantage  float64    `json:"advantage"` // largest TPR - FPR over thresholds
	Points     []ROCPoint `json:"points"`    // at the usual false positive rates
}

// ROCPoint is the share of members found by the lowest threshold that at most FPR of the non-members pass.
type ROCPoint struct {
	FPR float64  `json:"fpr"`
	TPR Estimate `json:"tpr"` // exact interval of Clopper and Pearson
}

// reportedFPR are the false positive rates at which attacks are compared (Carlini et al. 2022).
var reportedFPR = []float64{0.001, 0.01, 0.1}

func measureMembership(rows []Canary) Membership {
	in, out := scoresOf(rows)
	m := Membership{Members: len(in), NonMembers: len(out), AUC: auc(in, out), Advantage: advantage(in, out), Points: []ROCPoint{}}
	for _, rate := range reportedFPR {
		if float64(len(out))*rate < 1 {
			continue // fewer non-members than the rate can resolve
		}
		threshold := out[len(out)-int(math.Floor(rate*float64(len(out))))-1]
		above, _ := slices.BinarySearchFunc(in, threshold, func(s, t float64) int {
			if s > t {
				return 1
			}
			return -1
		})
		m.Points = append(m.Points, ROCPoint{rate, ClopperPearson(len(in)-above, len(in), AuditConfidence)})
	}
	return m
}

// scoresOf gives the ascending scores of the included and the excluded rows.
func scoresOf(rows []Canary) (in, out []float64) {
	for _, row := range rows {
		if row.Included {
			in = append(in, row.Score)
		} else {
			out = append(out, row.Score)
		}
	}
	slices.Sort(in)
	slices.Sort(out)
	return in, out
}

// auc is P[member's score > non-member's] + ½ P[equal] over all pairs (Mann and Whitney).
func auc(in, out []float64) float64 {
	wins, below, upTo := 0.0, 0, 0
	for _, score := range in {
		for below < len(out) && out[below] < score {
			below++
		}
		upTo = max(upTo, below)
		for upTo < len(out) && out[upTo] <= score {
			upTo++
		}
		wins += float64(below+upTo) / 2
	}
	return wins / float64(len(in)) / float64(len(out))
}

// advantage is the largest TPR - FPR of any threshold, at least 0.
func advantage(in, out []float64) float64 {
	best, passed := 0.0, 0
	for i, threshold := range in {
		if i > 0 && in[i-1] == threshold {
			continue
		}
		for passed < len(out) && out[passed] < threshold {
			passed++
		}
		tpr, fpr := float64(len(in)-i)/float64(len(in)), float64(len(out)-passed)/float64(len(out))
		best = max(best, tpr-fpr)
	}
	return best
}

// Exposure says how far planted secrets stand out (Carlini et al. 2019): log2 of the number of candidates less log2
// of the secret's rank among them, in bits. A secret that the model has not seen averages about 1.44 bits.
type Exposure struct {
	Secrets    int     `json:"secrets"`
	Candidates int     `json:"candidates"` // the secret and every excluded one
	Mean       float64 `json:"mean"`
	Max        float64 `json:"max"`
	Limit      float64 `json:"limit"` // log2(Candidates): what the first rank gives
}

func measureExposure(rows []Canary) Exposure {
	in, out := scoresOf(rows)
	e := Exposure{Secrets: len(in), Candidates: len(out) + 1, Limit: math.Log2(float64(len(out) + 1))}
	for _, score := range in {
		at, _ := slices.BinarySearch(out, score)
		rank := len(out) - at + 1 // equal scores stand before the secret
		bits := e.Limit - math.Log2(float64(rank))
		e.Mean += bits / float64(len(in))
		e.Max = max(e.Max, bits)
	}
	return e
}
