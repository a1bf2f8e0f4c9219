package pipeline

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	trainer "github.com/ewtune/ewtune/gpu-trainer"
)

// TestTrainFromAnotherHost trains on splits that a Flight server offers, with a token; the model must be that of the local
// splits to the byte. Without the token nothing is trained.
func TestTrainFromAnotherHost(t *testing.T) {
	dir := t.TempDir()
	corpus := filepath.Join(dir, "corpus")
	o := small()
	o.Tasks = []string{"sst2"}
	if _, err := Reproduce(t.Context(), corpus, o, ignore); err != nil {
		t.Fatal(err)
	}
	splits := filepath.Join(corpus, "shards", "sst2")
	token := filepath.Join(dir, "token")
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	address, stop := serve(t, ServeOptions{Dir: splits, Token: "secret"})
	defer stop()

	train := func(name string, in Input) ([]byte, error) {
		in.Task = "sst2"
		spec, err := NewRunSpec(in, "", true, Recipe{BatchSize: 60, Epochs: 1})
		if err != nil {
			t.Fatal(err)
		}
		spec.Name, spec.SeedAll, spec.Budget = name, true, &Budget{Epsilon: 8, Delta: 1e-5, Accountant: Certified}
		if err := TrainInto(t.Context(), filepath.Join(dir, name), spec, func(trainer.Progress) {}); err != nil {
			return nil, err
		}
		return os.ReadFile(filepath.Join(dir, name, modelFolder, "model.safetensors"))
	}
	local, err := train("local", Input{Data: splits})
	if err != nil {
		t.Fatal(err)
	}
	remote, err := train("remote", Input{Data: "flight://" + address, TokenFile: token})
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(local, remote) {
		t.Error("the model differs from that of the local splits")
	}
	if spec, err := os.ReadFile(filepath.Join(dir, "remote", specFile)); err != nil || bytes.Contains(spec, []byte("secret\\n")) || bytes.Contains(spec, []byte(`"secret"`)) {
		t.Errorf("the token is written down in the run folder (%v)", err)
	}
	if _, err := train("refused", Input{Data: "flight://" + address}); err == nil || !strings.Contains(err.Error(), "token") {
		t.Errorf("no token: %v, want a refusal", err)
	}
}
