package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/preset"
	"github.com/wflowlab/wflowlab/internal/thousands"
	"github.com/wflowlab/wflowlab/wflow/safetensors"
)

// encoderRun is what info reports of the folder of an encoder's run.
type encoderRun struct {
	Kind          string          `json:"kind"`
	Folder        string          `json:"folder"`
	Configuration string          `json:"configuration"`
	Parameters    int             `json:"parameters"` // with those of the decoder and the classifier
	Steps         int             `json:"steps"`      // of the whole training
	Last          *reconstruction `json:"last,omitempty"`
	Finished      bool            `json:"finished"`
	Next          string          `json:"-"`
}

func (r encoderRun) lines() []line {
	var lines reportLines
	lines.addLine("run", "%s, of an encoder", r.Folder)
	lines.addLine("encoder", "%s, %s parameters", r.Configuration, thousands.Text(r.Parameters))
	done := "not all done"
	if r.Finished {
		done = "all done"
	}
	lines.addLine("steps", "%s, %s", thousands.Text(r.Steps), done)
	if r.Last != nil {
		lines.addLine("last told", "reconstruction %.3g at step %s", r.Last.Reconstruction, thousands.Text(r.Last.Step))
	}
	lines.addLine("next", "%s", r.Next)
	return lines
}

// encoderRunAt returns the configuration of the run of an encoder in a folder, or nil if the folder is something else.
func encoderRunAt(folder string) *preset.Preset {
	p, err := preset.ReadFile(filepath.Join(folder, configurationFile))
	if err != nil || p.MAE == nil {
		return nil
	}
	return p
}

// encoderFinished says whether the run of an encoder has its file, of all steps. Otherwise it is under way, or it is being extended.
func encoderFinished(folder string, p *preset.MAE) (bool, error) {
	f, err := os.Open(filepath.Join(folder, encoderFile))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	s, err := f.Stat()
	if err != nil {
		return false, err
	}
	_, meta, err := safetensors.ReadHeader(f, s.Size())
	if err != nil {
		return false, fmt.Errorf("%s: %w", f.Name(), err)
	}
	return meta[stepKey] == strconv.Itoa(p.Train.Steps), nil
}

// infoEncoder reports the run of an encoder.
func infoEncoder(c *cobra.Command, folder string, p *preset.Preset) error {
	told, err := readLines[reconstruction](filepath.Join(folder, metricsFile))
	if err != nil {
		return err
	}
	finished, err := encoderFinished(folder, p.MAE)
	if err != nil {
		return err
	}
	configuration := filepath.Join(folder, configurationFile)
	r := encoderRun{Kind: "encoder", Folder: folder, Configuration: configuration, Parameters: p.MAE.Parameters(), Steps: p.MAE.Train.Steps, Finished: finished}
	if n := len(told); n > 0 {
		r.Last = &told[n-1]
	}
	r.Next = fmt.Sprintf("wflow encoder train %s %s", argument(configuration), argument(folder))
	if r.Finished {
		r.Next = "wflow train PRESET RUN --encoder " + argument(folder)
	}
	return report(c, r)
}
