package main

import (
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/wflow/engine"
)

// build is what version reports of the program.
type build struct {
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"` // if it was built from a checkout
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
	Engine   string `json:"engine,omitempty"` // what networks would run on
}

func (r build) lines() []line {
	var lines reportLines
	lines.addLine("wflow", "%s", r.Version)
	if r.Commit != "" {
		changed := ""
		if r.Modified {
			changed = ", with changes"
		}
		lines.addLine("commit", "%s%s", r.Commit, changed)
	}
	lines.addLine("Go", "%s, %s", r.Go, r.Platform)
	lines.addLine("engine", "%s", r.Engine)
	return lines
}

// version returns what Go wrote into the program when it was built.
func version() build {
	r := build{Version: "unknown", Go: runtime.Version(), Platform: runtime.GOOS + "/" + runtime.GOARCH}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return r
	}
	r.Version = info.Main.Version
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			r.Commit = s.Value
		case "vcs.modified":
			r.Modified = s.Value == "true"
		}
	}
	return r
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "say which version this is and what it computes with",
		Long: `version says which version of wflow this is, of which commit if it was built
from a checkout, by which Go, and what networks run on: XLA or pure Go, and if
it is not XLA, why.`,
		Example:           "  wflow version",
		Args:              exactly(0),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(c *cobra.Command, _ []string) error {
			r := version()
			backend, line, err := engine.Find()
			if err != nil {
				r.Engine = "none: " + err.Error()
				return report(c, r)
			}
			backend.Finalize()
			r.Engine = line
			return report(c, r)
		},
	}
}
