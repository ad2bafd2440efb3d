//go:build linux || darwin

package train

import (
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const fullFolder = "WFLOW_TRAIN_FULL"

// TestFull: a disk that is full in the middle of a checkpoint ends the training with an error that names the file. The
// last good checkpoint stays, and the training goes on from it to the bytes of one in one go. The disk is that of a
// child, whose files may not grow beyond a limit from its third step on.
func TestFull(t *testing.T) {
	if folder := os.Getenv(fullFolder); folder != "" {
		fills(t, folder)
		return
	}
	folder := filepath.Join(t.TempDir(), "run")
	child := exec.Command(os.Args[0], "-test.run=^TestFull$")
	child.Env = append(os.Environ(), fullFolder+"="+folder)
	said, err := child.CombinedOutput()
	for _, want := range []string{"train: checkpoint of step 3: ", folder, generatorFile, "file too large"} {
		if err == nil || !strings.Contains(string(said), want) {
			t.Fatalf("a child on a full disk: error %v, it says %q, want %q", err, said, want)
		}
	}
	if steps := checkpointSteps(t, folder); len(steps) == 0 || steps[len(steps)-1] != 2 {
		t.Errorf("checkpoints of steps %v, want the last to be of 2", steps)
	}
	if left, err := filepath.Glob(filepath.Join(folder, besidePrefix+"*")); err != nil || len(left) > 0 {
		t.Errorf("%q is left, error %v", left, err)
	}
	begun := -1
	tr := killedTraining(folder)
	tr.Begin = func(done int) error { begun = done; return nil }
	if err := equal(whole(t, killedTraining("")), whole(t, tr)); err != nil || begun != 2 {
		t.Errorf("with space again, it goes on from step %d, want 2: %v", begun, err)
	}
}

// fills trains until files may not grow.
func fills(t *testing.T, folder string) {
	signal.Ignore(syscall.SIGXFSZ) // so that a write that is too long is an error
	tr := killedTraining(folder)
	tr.Report = func(p Progress) {
		if p.Step != 2 {
			return
		}
		var limit syscall.Rlimit
		err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &limit)
		if limit.Cur = 1000; err == nil {
			err = syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	_, err := tr.Run(t.Context(), pureGo(t))
	t.Fatal(err)
}
