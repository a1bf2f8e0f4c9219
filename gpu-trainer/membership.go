package trainer

import (
	"context"

	"github.com/ewtune/ewtune/gpu-trainer/model"
)

// Names of the files of scores of rows that no coin has put in or left out, as eval knows them: they show an attack,
// and bound no epsilon.
const (
	membershipRatio = "membership"      // likelihood ratio
	membershipLoss  = "membership-loss" // loss threshold
)

// Membership attacks a trained model: are rows that it was trained on told from rows that it was not? It encodes the
// scores of the first rows (at most limit) of both sources as a canaries file. The score is the likelihood ratio to
// the starting weights, loss before less loss after: an easy row has a low loss under both (Carlini et al. 2022
// calibrate so); with before nil it is -loss, the threshold attack of Yeom et al. 2018.
func Membership(ctx context.Context, members, heldOut Source, limit int, before *model.Model, r Result, o EngineOptions) ([]byte, error) {
	var lines []canaryLine
	for _, side := range []struct {
		source   Source
		included bool
	}{{members, true}, {heldOut, false}} {
		scores, err := membershipScores(ctx, side.source, min(limit, side.source.Len()), before, r, o)
		if err != nil {
			return nil, err
		}
		for _, score := range scores {
			lines = append(lines, canaryLine{int64(len(lines)), side.included, score})
		}
	}
	kind := membershipRatio
	if before == nil {
		kind = membershipLoss
	}
	return canaryFile(kind, r.Plan.Delta, lines)
}

func membershipScores(ctx context.Context, s Source, n int, before *model.Model, r Result, o EngineOptions) ([]float64, error) {
	after, err := evaluateFirst(ctx, s, n, r.Model, r.Plan.Method, o)
	if err != nil {
		return nil, err
	}
	reference := make([]float64, n)
	if before != nil {
		p, err := evaluateFirst(ctx, s, n, before, r.Plan.Method, o)
		if err != nil {
			return nil, err
		}
		reference = p.Losses()
	}
	for i, loss := range after.Losses() {
		reference[i] -= loss
	}
	return reference, nil
}
