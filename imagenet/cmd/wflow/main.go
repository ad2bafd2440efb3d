// Command wflow trains one-step generators and their encoders, and makes images with them. It also says what files are, converts
// weights, and turns folders of images into latents. wflow help lists the commands, each with an example that works.
//
// It exits with 0 when it has done what was asked, 1 when it has not, 2 when it was called wrongly, and 130 when it was
// interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log"
	"os"
	"os/signal"
	"syscall"

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
	progress := newScreen(os.Stderr)
	log.SetFlags(0) // of warnings, which need no time
	context.AfterFunc(ctx, func() {
		stop()
		if progress.columns > 0 {
			fmt.Fprintln(progress) // below a bar
		}
		fmt.Fprintln(progress, "wflow: stopping, which may take a moment; a second signal ends it at once")
	})
	code := run(ctx, os.Args[1:], os.Stdout, progress)
	os.Exit(code)
}

// run executes the command line and returns the exit code. Reports go to out, bars and errors to progress.
func run(ctx context.Context, arguments []string, out, progress io.Writer) int {
	to := &sink{Writer: out}
	root := rootCommand(to, progress)
	root.SetArgs(arguments)
	c, err := execute(ctx, root, arguments)
	if err == nil && to.err != nil {
		err = to.err
	}
	switch m := (misuse{}); {
	case err == nil:
		return 0
	case to.err != nil:
		err = fmt.Errorf("what was asked for could not be printed: %w", to.err)
	case errors.Is(err, context.Canceled) || ctx.Err() != nil:
		for _, aside := range asides(err) {
			fmt.Fprintln(progress, "wflow:", printable(aside.Error()))
		}
		fmt.Fprintln(progress, "wflow: interrupted")
		return interrupted
	case errors.As(err, &m):
		fmt.Fprintf(progress, "wflow: %s\n\n%s", printable(err.Error()), usage(c))
		return misused
	}
	fmt.Fprintln(progress, "wflow:", printable(err.Error()))
	return failed
}

func rootCommand(out, progress io.Writer) *cobra.Command {
	root := parent(&cobra.Command{
		Use:   "wflow",
		Short: "train, sample and prepare data for W-Flow, from digits to ImageNet",
		Long: `wflow trains one-step generators and their encoders, and makes images with them.
It also says what files are, converts weights, and turns folders of images into
latents. The method is W-Flow, one-step generative modelling by Wasserstein
gradient flows, from digits to ImageNet.

It exits with 0 when it has done what was asked, 1 when it has not, 2 when it
was called wrongly, and 130 when it was interrupted: what takes long goes on
where it stopped when it is started again. Reports go to the standard output.
Progress and errors go to the standard error, as text with --json too.

Downloads are kept as Hugging Face keeps them: HF_HOME, HF_TOKEN, HF_ENDPOINT
and HF_HUB_OFFLINE mean what they mean there.`,
		Example: `  wflow info presets
  wflow info gen/latent_sota_XL_ot_8node
  wflow train gen/mnist_pixels digits
  wflow sample digits --to grid.png
  wflow help data prepare`,
		Version:       version().Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	})
	root.SetOut(out) // before there are completion's commands, which keep it
	root.SetErr(progress)
	root.SetFlagErrorFunc(flagMisuse)
	root.PersistentFlags().Bool("json", false, "print the report as JSON, for machines")
	root.AddCommand(infoCommand(), convertCommand(), dataCommand(), sampleCommand(), encoderCommand(), trainCommand(), versionCommand())
	root.SetUsageTemplate(usageTemplate(root.UsageTemplate()))
	root.SetHelpCommand(helpCommand())
	root.InitDefaultHelpCmd()
	addCompletion(root)
	return root
}

// open opens a weight file until the command is interrupted.
func open(ctx context.Context, path string) (f *hub.File, done func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	if f, err = hub.Open(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = missing(path, err)
		}
		return nil, nil, err
	}
	stop := context.AfterFunc(ctx, func() { f.Close() }) // who reads it gets an error
	return f, func() { stop(); f.Close() }, nil
}
