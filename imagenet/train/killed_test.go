package train

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/gomlx/compute/gobackend"

	"github.com/wflowlab/wflowlab/internal/golden"
	"github.com/wflowlab/wflowlab/wflow/stream"
)

const (
	childFolder = "WFLOW_TRAIN_CHILD"
	childStep   = "WFLOW_TRAIN_STEP"
)

// TestMain lets the test binary be its own child: a training that is killed.
func TestMain(m *testing.M) {
	folder := os.Getenv(childFolder)
	if folder == "" {
		golden.Main(m)
		return
	}
	var at int
	fmt.Sscan(os.Getenv(childStep), &at)
	if err := child(folder, at); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// killedTraining writes a checkpoint after each step, so that about half of its time goes into writing.
func killedTraining(folder string) Training {
	tr := small()
	tr.Folder, tr.SaveEvery, tr.Steps = folder, 1, 12
	return tr
}

// child trains and tells the parent when a step is done, behind which it is to be killed. It goes on at its own pace, so that the
// kill comes at any moment. Only behind its last step it waits for the kill.
func child(folder string, at int) error {
	tr := killedTraining(folder)
	tr.Report = func(p Progress) {
		if p.Step == at {
			fmt.Println("now")
		}
		if p.Step == p.Steps {
			os.Stdin.Read(make([]byte, 1))
		}
	}
	backend, err := gobackend.New("parallelism=-1")
	if err == nil {
		_, err = tr.Run(context.Background(), backend)
	}
	return err
}

// TestKilled: a training that is killed twenty times, at random moments, five of them soon after it has begun, goes on each time from a checkpoint that is whole, and ends
// with the bytes of one in one go.
func TestKilled(t *testing.T) {
	plain := killedTraining("")
	want := whole(t, plain)
	moments := stream.New(1, "moments")
	const most = 20
	for kills := 0; kills < most; {
		folder := filepath.Join(t.TempDir(), "run")
		for kills < most {
			list, err := Checkpoints(folder)
			if err != nil {
				t.Fatal(err)
			}
			done := 0
			if len(list) > 0 {
				done = list[len(list)-1].Step
				if _, err := readManifest(list[len(list)-1].Path); err != nil {
					t.Fatalf("kill %d: %v", kills, err)
				}
			}
			left := plain.Steps - 1 - done
			if left < 1 {
				break
			}
			draw := moments.Sub(uint64(kills))
			if kills%4 == 0 {
				kill(t, folder, 0, draw.Intn(1, 100_000))
			} else {
				kill(t, folder, done+1+draw.Intn(0, min(3, left)), draw.Intn(1, 30_000))
			}
			kills++
		}
		if err := equal(want, whole(t, killedTraining(folder))); err != nil {
			t.Errorf("after %d kills: %v", kills, err)
		}
	}
}

// kill starts a child and kills it some work after a step, 0 for its start.
func kill(t *testing.T, folder string, at, work int) {
	t.Helper()
	c := exec.Command(os.Args[0])
	c.Env = append(os.Environ(), childFolder+"="+folder, fmt.Sprintf("%s=%d", childStep, at))
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	in, err := c.StdinPipe() // open, so that the child waits at its end
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for at > 0 && lines.Scan() && lines.Text() != "now" {
	}
	for i := range work { // a random time, whatever the machine's speed
		stream.New(uint64(i), "work").Perm(0, 20)
	}
	c.Process.Kill()
	if err := c.Wait(); err == nil {
		t.Fatal("the child ended before it was killed")
	}
}
