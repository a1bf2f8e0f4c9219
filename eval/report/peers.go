package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"

	"gonum.org/v1/gonum/stat"

	"github.com/ewtune/ewtune/eval"
)

// Peer is one run of another program with the same model, data, trained weights, batch, noise and epochs as a run of ours.
type Peer struct {
	Peer            string  `json:"peer"` // the program and its version
	Task            string  `json:"task"`
	Split           string  `json:"split"`
	Method          string  `json:"method"` // as a setting of ours is named: lora-8
	Seed            uint64  `json:"seed"`
	Epsilon         float64 `json:"epsilon"` // that the noise is certified for; 0 without privacy
	NoiseMultiplier float64 `json:"noise_multiplier"`
	Rows            int     `json:"rows"`
	Correct         int     `json:"correct"`
	Seconds         float64 `json:"seconds"`
}

// ReadPeers decodes JSON lines. name is used in errors.
func ReadPeers(text []byte, name string) ([]Peer, error) {
	var peers []Peer
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		var p Peer
		decoder := json.NewDecoder(bytes.NewReader(line))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&p); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", name, i+1, err)
		}
		if p.Rows < 1 || p.Correct < 0 || p.Correct > p.Rows {
			return nil, fmt.Errorf("%s:%d: correct %d of rows %d: must be in 0..rows, and rows at least 1", name, i+1, p.Correct, p.Rows)
		}
		peers = append(peers, p)
	}
	return peers, nil
}

// peerKey is what runs of one setting of a peer have in common.
type peerKey struct {
	peer, task, split, method string
	epsilon, noise            float64
}

var peerColumns = []string{"task", "setting", "noise multiplier", "seeds", "peer", "its accuracy", "ours at these seeds", "ours − peer in points"}

// peerRows sets each setting of the peers against the certified one of ours at the same seeds.
func peerRows(r *eval.Report, peers []Peer) [][]string {
	groups, order := map[peerKey][]Peer{}, []peerKey{}
	for _, p := range peers {
		key := peerKey{p.Peer, p.Task, p.Split, p.Method, p.Epsilon, p.NoiseMultiplier}
		if groups[key] == nil {
			order = append(order, key)
		}
		groups[key] = append(groups[key], p)
	}
	var rows [][]string
	for _, key := range order {
		theirs, ours := pairPeers(r, key, groups[key])
		if len(ours) == 0 {
			continue
		}
		noise, setting := "–", key.method+", without privacy"
		if key.epsilon > 0 {
			noise, setting = sigma(key.noise), fmt.Sprintf("%s, ε %g", key.method, key.epsilon)
		}
		rows = append(rows, []string{splitName(key.task, key.split), setting, noise, count(len(ours)), key.peer, spread(theirs), spread(ours), gap(theirs, ours)})
	}
	return rows
}

// pairPeers gives the accuracies of the seeds that both ran.
func pairPeers(r *eval.Report, key peerKey, peers []Peer) (theirs, ours []float64) {
	for _, p := range peers {
		for i := range r.Runs {
			if run := &r.Runs[i]; run.Run.Seed == p.Seed && matches(run, key) {
				theirs = append(theirs, float64(p.Correct)/float64(p.Rows))
				ours = append(ours, run.Split(key.split).Metrics.Accuracy.Value)
			}
		}
	}
	return theirs, ours
}

func matches(run *eval.RunReport, key peerKey) bool {
	if run.Run.Task != key.task || run.Run.Method.String() != key.method || run.Split(key.split) == nil {
		return false
	}
	claim := run.Run.Privacy
	if claim == nil || key.epsilon == 0 {
		return claim == nil && key.epsilon == 0
	}
	return claim.Accountant == "certified" && claim.Epsilon == key.epsilon
}

// spread prints a mean with the standard deviation over seeds.
func spread(values []float64) string {
	mean := percent(stat.Mean(values, nil))
	if len(values) > 1 {
		mean += fmt.Sprintf(" ± %.1f", 100*stat.StdDev(values, nil))
	}
	return mean
}

// gap prints the mean difference of the same seeds, with its interval where there are several.
func gap(theirs, ours []float64) string {
	differences := make([]float64, len(ours))
	for i := range ours {
		differences[i] = ours[i] - theirs[i]
	}
	e := eval.MeanEstimate(differences)
	if len(ours) < 2 || math.IsNaN(e.Lower) {
		return fmt.Sprintf("%+.2f", 100*e.Value)
	}
	return fmt.Sprintf("%+.2f (%+.2f to %+.2f)", 100*e.Value, 100*e.Lower, 100*e.Upper)
}
