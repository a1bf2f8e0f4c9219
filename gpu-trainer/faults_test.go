package trainer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ewtune/ewtune/gpu-trainer/dp"
)

// faultPlan checkpoints often, moves its clip and uses momentum: all that a checkpoint must hold.
func faultPlan() Plan {
	p := seeded(smallPlan(), 5)
	p.AdaptiveClip = &dp.Adaptive{}
	return p
}

func faultOptions(dir string) Options { return Options{Dir: dir, CheckpointEvery: 3} }

// goOn is what a user does after a crash: resume, or begin again if there is nothing to resume.
func goOn(dir string) (Result, error) {
	s := newSource(200, 40, 12)
	if _, err := os.Stat(filepath.Join(dir, planFile)); err == nil {
		return Resume(context.Background(), s, smallModel(), faultOptions(dir))
	}
	return Train(context.Background(), faultPlan(), s, smallModel(), faultOptions(dir))
}

const childVariable = "EWTUNE_TEST_RUN_FOLDER"

// TestMain lets the test binary be the process that is killed.
func TestMain(m *testing.M) {
	if dir := os.Getenv(childVariable); dir != "" {
		if _, err := goOn(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// folderBits is all that a finished run leaves, but its plan.
func folderBits(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	bits := map[string][]byte{}
	paths := []string{filepath.Join(dir, ledgerFile), filepath.Join(dir, stepsFile)}
	kept, err := runFolder{dir}.list()
	if err != nil || len(kept) == 0 {
		t.Fatalf("no checkpoint in %s: %v", dir, err)
	}
	for _, path := range append(paths, kept[0]) {
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		bits[filepath.Base(path)] = data
	}
	return bits
}

func sameBits(t *testing.T, got, want map[string][]byte) {
	t.Helper()
	for name, data := range want {
		if !bytes.Equal(got[name], data) {
			t.Errorf("%s differs from that of the uninterrupted run", name)
		}
	}
}

func reference(t *testing.T) map[string][]byte {
	t.Helper()
	dir := t.TempDir()
	if _, err := goOn(dir); err != nil {
		t.Fatal(err)
	}
	return folderBits(t, dir)
}

// TestKilledRunsResumeToTheBit kills a run with SIGKILL at random moments of its life, 200 times in all, resuming in
// between.
func TestKilledRunsResumeToTheBit(t *testing.T) {
	want := reference(t)
	began := time.Now()
	runChild(t, t.TempDir(), time.Hour)
	life := time.Since(began)
	kills := 0
	for run := 0; kills < 200; run++ {
		dir := t.TempDir()
		for !runChild(t, dir, time.Duration(rand.Int64N(int64(life)))) {
			kills++
		}
		if sameBits(t, folderBits(t, dir), want); t.Failed() {
			t.Fatalf("run %d, after %d kills in all", run, kills)
		}
	}
}

// runChild goes on with a run in a process of its own, kills it after a while, and tells whether it ended before.
func runChild(t *testing.T, dir string, after time.Duration) bool {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), after)
	defer cancel()
	child := exec.CommandContext(ctx, os.Args[0])
	child.Env = append(os.Environ(), childVariable+"="+dir)
	var complaints bytes.Buffer
	child.Stderr = &complaints
	err := child.Run()
	var exit *exec.ExitError
	if err != nil && errors.As(err, &exit) && exit.Exited() {
		t.Fatalf("the resumed run failed: %s", complaints.String())
	}
	return err == nil
}

// TestFullDisk lets each file of a run meet a full disk, then frees it and resumes.
func TestFullDisk(t *testing.T) {
	want := reference(t)
	for _, name := range []string{ledgerFile, stepsFile, filepath.Join(checkpoints, "writing.tmp")} {
		t.Run(filepath.Base(name), func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, checkpoints), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink("/dev/full", filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
			if _, err := goOn(dir); !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("a full disk gave %v", err)
			}
			os.Remove(filepath.Join(dir, name))
			if _, err := goOn(dir); err != nil {
				t.Fatal(err)
			}
			sameBits(t, folderBits(t, dir), want)
		})
	}
}

func TestReadOnlyFolder(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "locked")
	if err := os.Mkdir(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		dir = "/proc/self" // root writes everywhere but here
	}
	if _, err := goOn(filepath.Join(dir, "run")); err == nil || strings.Contains(err.Error(), "\n") {
		t.Errorf("want one sentence, got %v", err)
	}
}

// TestDamagedShard stops in the middle of a run and goes on when the shard is whole again.
func TestDamagedShard(t *testing.T) {
	want, dir := reference(t), t.TempDir()
	s := newSource(200, 40, 12)
	s.broken = map[int64]bool{}
	lots := faultPlan().withDefaults(200).sampler()
	s.broken[lots.Lot(dp.KeyFromSeed(5), 8)[0]] = true
	_, err := Train(context.Background(), faultPlan(), s, smallModel(), faultOptions(dir))
	if err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Fatalf("a damaged shard gave %v", err)
	}
	if _, err := goOn(dir); err != nil {
		t.Fatal(err)
	}
	sameBits(t, folderBits(t, dir), want)
}

// TestTornFiles damages what a run has written: checkpoints are passed over, a torn ledger line is cut off.
func TestTornFiles(t *testing.T) {
	want := reference(t)
	cases := map[string]func(dir string) error{
		"newest checkpoint cut":     func(dir string) error { return onCheckpoint(dir, 0, cut) },
		"newest checkpoint flipped": func(dir string) error { return onCheckpoint(dir, 0, flip) },
		"all checkpoints flipped":   func(dir string) error { return errors.Join(onCheckpoint(dir, 0, flip), onCheckpoint(dir, 1, flip)) },
		"ledger line half written":  func(dir string) error { return cut(filepath.Join(dir, ledgerFile), 9) },
		"steps cut":                 func(dir string) error { return cut(filepath.Join(dir, stepsFile), 9) },
	}
	for name, damage := range cases {
		t.Run(name, func(t *testing.T) {
			dir := stoppedAfter(t, 11)
			if err := damage(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := goOn(dir); err != nil {
				t.Fatal(err)
			}
			sameBits(t, folderBits(t, dir), want)
		})
	}
}

// TestMissingStepsAreTold: a log that lost what a checkpoint contains is no reason to stop, but the result says so.
func TestMissingStepsAreTold(t *testing.T) {
	dir := stoppedAfter(t, 11)
	if err := keepLines(filepath.Join(dir, stepsFile), 4); err != nil {
		t.Fatal(err)
	}
	r, err := goOn(dir)
	if err != nil || !strings.Contains(strings.Join(r.Warnings, "\n"), "missing") {
		t.Errorf("%q, %v", r.Warnings, err)
	}
}

// stoppedAfter makes a run that died in the middle, without its last checkpoint.
func stoppedAfter(t *testing.T, step int64) (dir string) {
	t.Helper()
	dir = t.TempDir()
	o := faultOptions(dir)
	died := errors.New("died")
	defer func() {
		if recover() != died {
			t.Fatal("the run did not die")
		}
	}()
	o.Progress = func(p Progress) {
		if p.Step == step {
			panic(died)
		}
	}
	Train(context.Background(), faultPlan(), newSource(200, 40, 12), smallModel(), o)
	return ""
}

func onCheckpoint(dir string, i int, damage func(path string, bytes int64) error) error {
	paths, err := runFolder{dir}.list()
	if err != nil || len(paths) <= i {
		return fmt.Errorf("%d checkpoints: %v", len(paths), err)
	}
	return damage(paths[i], 100)
}

// cut takes the last bytes off a file.
func cut(path string, bytes int64) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.Truncate(path, info.Size()-bytes)
}

// flip changes one bit near the end of a file.
func flip(path string, fromEnd int64) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	data[int64(len(data))-fromEnd] ^= 4
	return os.WriteFile(path, data, 0o666)
}

// TestSpentBudgetCannotFall refuses a run whose ledger has lost or changed what a checkpoint contains, and one whose
// inputs changed.
func TestSpentBudgetCannotFall(t *testing.T) {
	cases := map[string]struct {
		damage func(dir string) error
		want   string
	}{
		"ledger shortened": {func(dir string) error { return keepLines(filepath.Join(dir, ledgerFile), 4) }, "a spent step is missing"},
		"ledger removed":   {func(dir string) error { return os.Remove(filepath.Join(dir, ledgerFile)) }, "a spent step is missing"},
		"cheaper plan":     {func(dir string) error { return replace(filepath.Join(dir, planFile), `"steps": 16`, `"steps": 15`) }, "steps"},
		"other clip": {func(dir string) error {
			return replace(filepath.Join(dir, planFile), `"clipping_norm": 1`, `"clipping_norm": 2`)
		}, "plan.json was changed"},
		"key removed": {func(dir string) error { return os.Remove(filepath.Join(dir, keyFile)) }, "the key is gone"},
		"other data":  {func(dir string) error { return replace(filepath.Join(dir, planFile), "memory of 200", "memory of 100") }, "other data"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := stoppedAfter(t, 11)
			if err := c.damage(dir); err != nil {
				t.Fatal(err)
			}
			if _, err := goOn(dir); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %q", err, c.want)
			}
		})
	}
}

func keepLines(path string, n int) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, bytes.Join(bytes.SplitAfter(data, []byte("\n"))[:n], nil), 0o666)
}

func replace(path, old, new string) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	if !bytes.Contains(data, []byte(old)) {
		return fmt.Errorf("%s does not hold %s", path, old)
	}
	return os.WriteFile(path, bytes.Replace(data, []byte(old), []byte(new), 1), 0o666)
}
