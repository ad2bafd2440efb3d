// Command wflow works on the files of W-Flow at ImageNet's scale: it says what they are, converts weights and turns folders
// of images into latents. wflow help lists the commands, each with an example that works.
//
// It exits with 0 when it has done what was asked, 1 when it has not, 2 when it was asked for something that there is not,
// and 130 when it was interrupted.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"strings"
	"syscall"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/wflowlab/wflowlab/imagenet/hub"
)

const (
	failed      = 1
	misused     = 2
	interrupted = 130
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, func() {
		stop()
		fmt.Fprintln(os.Stderr, "\nwflow: stopping, which may take a moment; a second signal ends it at once")
	})
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	os.Exit(code)
}

// run executes the command line and returns the exit code. Reports go to out, bars and errors to progress.
func run(ctx context.Context, arguments []string, out, progress io.Writer) int {
	root := &cobra.Command{
		Use:   "wflow",
		Short: "weights, images and latents of W-Flow at ImageNet's scale",
		Long: `wflow works on the files of W-Flow, one-step generative modelling by Wasserstein gradient flows, at ImageNet's scale.

It exits with 0 when it has done what was asked, 1 when it has not, 2 when it was asked for something that there is
not, and 130 when it was interrupted: what takes long goes on where it stopped when it is started again.

Downloads are kept as Hugging Face keeps them: HF_HOME, HF_TOKEN, HF_ENDPOINT and HF_HUB_OFFLINE mean what they mean there.`,
		Example: `  wflow info gen/latent_sota_XL_ot_8node
  wflow help data prepare`,
		Version:           version(),
		SilenceErrors:     true,
		SilenceUsage:      true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.SetOut(out)
	root.SetErr(progress)
	root.SetArgs(arguments)
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return misuse{err} })
	root.PersistentFlags().Bool("json", false, "print the report as JSON, for machines")
	root.AddCommand(infoCommand(), convertCommand(), dataCommand())
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return 0
	case errors.Is(err, context.Canceled) || ctx.Err() != nil:
		fmt.Fprintln(progress, "wflow: interrupted")
		return interrupted
	}
	fmt.Fprintln(progress, "wflow:", printable(err.Error()))
	if m := (misuse{}); errors.As(err, &m) || strings.HasPrefix(err.Error(), "unknown command") {
		fmt.Fprintln(progress, "wflow help tells what there is.")
		return misused
	}
	return failed
}

// version returns the version that Go gave the program when it was built.
func version() string {
	if build, ok := debug.ReadBuildInfo(); ok {
		return build.Main.Version
	}
	return "unknown"
}

// misuse is an error of the command line itself.
type misuse struct{ error }

func (m misuse) Unwrap() error { return m.error }

// exactly wants so many arguments.
func exactly(n int) cobra.PositionalArgs {
	return func(c *cobra.Command, arguments []string) error {
		if err := cobra.ExactArgs(n)(c, arguments); err != nil {
			return misuse{fmt.Errorf("%s: %w", c.CommandPath(), err)}
		}
		return nil
	}
}

// report prints what was found or done: as lines for people, as one JSON object with --json.
func report(c *cobra.Command, r interface{ lines() []line }) error {
	if asJSON, err := c.Flags().GetBool("json"); err != nil || asJSON {
		if err != nil {
			return err
		}
		e := json.NewEncoder(c.OutOrStdout())
		e.SetIndent("", "  ")
		e.SetEscapeHTML(false)
		return e.Encode(r)
	}
	lines := r.lines()
	width := 0
	for i := range lines {
		l := &lines[i]
		l.name, l.text = printable(l.name), strings.ReplaceAll(printable(l.text), "\n", " ")
		width = max(width, len([]rune(l.name)))
	}
	for _, l := range lines {
		if _, err := fmt.Fprintf(c.OutOrStdout(), "%-*s  %s\n", width, l.name, l.text); err != nil {
			return err
		}
	}
	return nil
}

// printable returns text without what commands a terminal: names in files are other people's.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) && r != '\n' && r != '\t' || unicode.Is(unicode.Bidi_Control, r) {
			return unicode.ReplacementChar
		}
		return r
	}, text)
}

// open opens a weight file until the command is interrupted.
func open(ctx context.Context, path string) (f *hub.File, done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if f, err = hub.Open(path); err != nil {
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { f.Close() }) // who reads it gets an error
	return f, func() { stop(); f.Close() }, nil
}

// line is a line of a report.
type line struct{ name, text string }

// facts collects the lines of a report.
type facts []line

func (f *facts) add(name, format string, arguments ...any) {
	*f = append(*f, line{name, fmt.Sprintf(format, arguments...)})
}
