"""What is mended in how GoNB runs programs, interrupts them and ends them."""

MENDS = [
    # An interrupt reaches a running cell only. One that comes while a cell waits in the queue, or compiles, is lost, and the
    # cell runs. Here every message has a context, which ends with the next interrupt: it counts for all that came before it.
    (
        "internal/kernel/kernel.go",
        """	interruptSubscriptions *list.List
	muSubscriptions        sync.Mutex
""",
        """	interruptSubscriptions *list.List
	muSubscriptions        sync.Mutex

	// context ends with the next interrupt, which puts a new one in its place.
	context   context.Context
	interrupt context.CancelFunc
""",
    ),
    (
        "internal/kernel/kernel.go",
        "	if matches := reExtractJupyterSessionId",
        """	k.context, k.interrupt = context.WithCancel(context.Background())

	if matches := reExtractJupyterSessionId""",
    ),
    (
        "internal/kernel/kernel.go",
        "	for e := k.interruptSubscriptions.Front()",
        """	k.interrupt()
	k.context, k.interrupt = context.WithCancel(context.Background())
	for e := k.interruptSubscriptions.Front()""",
    ),
    (
        "internal/kernel/kernel.go",
        "	m := &MessageImpl{kernel: k}\n",
        """	k.muSubscriptions.Lock()
	m := &MessageImpl{kernel: k, context: k.context}
	k.muSubscriptions.Unlock()
""",
    ),
    (
        "internal/kernel/messages.go",
        """	kernel     *Kernel
}
""",
        """	kernel     *Kernel
	context    context.Context
}

// Context returns what ends with the first interrupt after the message. Without a message, none ends it.
func Context(msg Message) context.Context {
	if m, ok := msg.(*MessageImpl); ok {
		return m.context
	}
	return context.Background()
}

// Interrupted returns an error if an interrupt has come since the message.
func Interrupted(msg Message) error {
	if Context(msg).Err() != nil {
		return errors.New("interrupted")
	}
	return nil
}
""",
    ),
    ("internal/kernel/messages.go", "import (\n", 'import (\n	"context"\n'),
    (
        "internal/dispatcher/dispatcher.go",
        "	content := msg.ComposedMsg().Content.(map[string]any)\n	code := content[\"code\"].(string)\n	silent",
        """	if kernel.Interrupted(msg) != nil {
		return msg.Reply("execute_reply", map[string]any{"status": "aborted"})
	}
	content := msg.ComposedMsg().Content.(map[string]any)
	code := content["code"].(string)
	silent""",
    ),
    ("internal/dispatcher/dispatcher.go", "	msg.Kernel().Interrupted.Store(false)\n", ""),
    ("internal/dispatcher/dispatcher.go", "executionErr == nil && !msg.Kernel().Interrupted.Load() && hasMoreToRun", "executionErr == nil && hasMoreToRun"),
    # It says of an interrupt how the program ended, "signal: interrupt", as output and again as an error.
    (
        "internal/dispatcher/dispatcher.go",
        "	goExec.Remember()\n",
        """	if interrupted := kernel.Interrupted(msg); executionErr != nil && interrupted != nil {
		executionErr = interrupted
	}
	goExec.Remember()
""",
    ),
    # Of the lines of a cell that are commands, it runs the next after one that was interrupted.
    (
        "internal/specialcmd/specialcmd.go",
        "err = execShell(msg, goExec, cmdStr, status)\n",
        """err = execShell(msg, goExec, cmdStr, status)
					if err == nil {
						err = kernel.Interrupted(msg)
					}
""",
    ),
    (
        "internal/specialcmd/cellmagic.go",
        "		err = cellCmdScript(msg, goExec, args, lines[1:])\n",
        """		err = cellCmdScript(msg, goExec, args, lines[1:])
		if err == nil {
			err = kernel.Interrupted(msg)
		}
""",
    ),
    # What makes a cell's program, and what runs it, ends with the context and with the kernel, together with what it has
    # started itself.
    (
        "internal/goexec/execcode.go",
        'cmd := exec.Command("go", args...)\n	cmd.Dir = s.TempDir\n	if s.CellIsWasm {',
        'cmd := process.Command(kernel.Context(msg), "go", args...)\n	cmd.Dir = s.TempDir\n	if s.CellIsWasm {',
    ),
    (
        "internal/goexec/execcode.go",
        "	output, err := cmd.CombinedOutput()\n	if err != nil {\n",
        """	output, err := process.CombinedOutput(cmd)
	if err := kernel.Interrupted(msg); err != nil {
		return err
	}
	if err != nil {
""",
    ),
    (
        "internal/goexec/execcode.go",
        'cmd := exec.Command(goimportsPath, "-w", s.CodePath())',
        'cmd := process.Command(kernel.Context(msg), goimportsPath, "-w", s.CodePath())',
    ),
    (
        "internal/goexec/execcode.go",
        """	output, err = cmd.CombinedOutput()
	if err != nil {
		err = s.DisplayErrorWithContext(msg, fileToCellIdAndLine, string(output)+""",
        """	output, err = process.CombinedOutput(cmd)
	if interrupted := kernel.Interrupted(msg); interrupted != nil {
		err = interrupted
		return
	}
	if err != nil {
		err = s.DisplayErrorWithContext(msg, fileToCellIdAndLine, string(output)+""",
    ),
    (
        "internal/goexec/execcode.go",
        'cmd = exec.Command("go", args...)',
        'cmd = process.Command(kernel.Context(msg), "go", args...)',
    ),
    (
        "internal/goexec/execcode.go",
        """	output, err = cmd.CombinedOutput()
	if err != nil {
		err = errors.Wrapf(""",
        """	output, err = process.CombinedOutput(cmd)
	if interrupted := kernel.Interrupted(msg); interrupted != nil {
		err = interrupted
		return
	}
	if err != nil {
		err = errors.Wrapf(""",
    ),
    (
        "internal/goexec/execcode.go",
        '	"github.com/janpfeifer/gonb/internal/kernel"\n',
        '	"github.com/janpfeifer/gonb/internal/kernel"\n	"github.com/janpfeifer/gonb/internal/process"\n',
    ),
    ("internal/jpyexec/jpyexec.go", "cmd := osexec.Command(exec.command, exec.args...)", "cmd := process.Command(kernel.Context(exec.Msg), exec.command, exec.args...)"),
    (
        "internal/jpyexec/jpyexec.go",
        '	"github.com/janpfeifer/gonb/internal/kernel"\n',
        '	"github.com/janpfeifer/gonb/internal/kernel"\n	"github.com/janpfeifer/gonb/internal/process"\n',
    ),
    (
        "internal/jpyexec/jpyexec.go",
        "	exec.isDone = false\n",
        """	if err := kernel.Interrupted(exec.Msg); err != nil {
		return err
	}
	defer exec.Msg.Kernel().Hold()()
	exec.isDone = false
""",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        """	var interruptId kernel.SubscriptionId
	interruptId = exec.Msg.Kernel().SubscribeInterrupt(func(id kernel.SubscriptionId) {
		// Sent interrupt to process.
		err := cmd.Process.Signal(os.Interrupt)
		exec.Msg.Kernel().UnsubscribeInterrupt(interruptId)
		if err != nil {
			klog.Errorf("failed to interrupt process %s (%v): %+v", cmd, cmd.Process, err)
		}
		select {
		case <-exec.doneChan:
			// Normal stop, nothing to do.
		case <-time.After(WaitToKill):
			err = cmd.Process.Kill()
			if err != nil {
				klog.Errorf("failed to kill process %s (%v): %+v", cmd, cmd.Process, err)
			}
		}
	})
""",
        "	release := process.Guard(cmd)\n",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        """	// Unsubscribe from interruption messages.
	exec.Msg.Kernel().UnsubscribeInterrupt(interruptId)

""",
        "",
    ),
    # A cell lasts as long as anything holds its output: a child that outlives it, which no interrupt reaches.
    (
        "internal/jpyexec/jpyexec.go",
        """	exec.cmdStdout, err = cmd.StdoutPipe()
	if err != nil {
		return errors.WithMessagef(err, "failed to create pipe for stdout")
	}
	exec.cmdStderr, err = cmd.StderrPipe()
	if err != nil {
		return errors.WithMessagef(err, "failed to create pipe for stderr")
	}
""",
        "",
    ),
    ("internal/jpyexec/jpyexec.go", "	_ = exec.cmdStderr.Close()\n	_ = exec.cmdStdout.Close()\n", ""),
    ("internal/jpyexec/jpyexec.go", "	cmdStdout, cmdStderr                     io.ReadCloser\n", ""),
    (
        "internal/jpyexec/jpyexec.go",
        """	var streamersWG sync.WaitGroup
	streamersWG.Add(2)
	go func() {
		defer streamersWG.Done()
		_, err := io.Copy(exec.stdoutWriter, exec.cmdStdout)
		if err != nil {
			klog.Errorf("Failed copying execution stdout: %+v", err)
		}
	}()
	go func() {
		defer streamersWG.Done()
		_, err := io.Copy(exec.stderrWriter, exec.cmdStderr)
		if err != nil && err != io.EOF {
			klog.Errorf("Failed copying execution stderr: %+v", err)
		}
	}()
""",
        "	cmd.Stdout, cmd.Stderr = exec.stdoutWriter, exec.stderrWriter\n",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        """	// Wait for output pipes to finish.
	streamersWG.Wait()
	exec.exitError = cmd.Wait()
	if exec.exitError != nil {
		errMsg := exec.exitError.Error() + "\\n"
		if exec.Msg.Kernel().Interrupted.Load() {
			errMsg = "^C\\n" + errMsg
		}
		_ = kernel.PublishWriteStream(exec.Msg, kernel.StreamStderr, errMsg)
	}
""",
        """	exec.exitError = cmd.Wait()
	release()
	interrupted := kernel.Interrupted(exec.Msg) != nil
	if interrupted {
		process.Kill(cmd)
	}
	if errors.Is(exec.exitError, context.Canceled) { // and the program has ended well
		exec.exitError = nil
	}
	if errors.Is(exec.exitError, osexec.ErrWaitDelay) {
		exec.exitError = nil
		_ = kernel.PublishWriteStream(exec.Msg, kernel.StreamStderr, "A program that this cell has started still runs. Its output is no longer shown.\\n")
	}
	if exec.exitError != nil && !interrupted && !exec.useNamedPipes { // a cell's program that fails has its own words
		_ = kernel.PublishWriteStream(exec.Msg, kernel.StreamStderr, exec.exitError.Error()+"\\n")
	}
""",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        """// WaitToKill is the to wait after an interrupt signal, before killing the process.
var WaitToKill = 5 * time.Second

""",
        "",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        '	"github.com/janpfeifer/gonb/gonbui/protocol"\n',
        '	"context"\n	"github.com/janpfeifer/gonb/gonbui/protocol"\n',
    ),
    ("internal/jpyexec/jpyexec.go", '	"os"\n', ""),
    # What a cell still says when it ends is written to a channel that is closed by then: the kernel panics.
    ("internal/jpyexec/namedpipes.go", "		close(exec.PipeWriterFifo)\n", ""),
    (
        "internal/jpyexec/namedpipes_dispatch.go",
        """				exec.PipeWriterFifo <- &protocol.CommValue{
					Address: protocol.GonbuiSyncAckAddress,
					Value:   syncId,
				}
""",
        """				select {
				case exec.PipeWriterFifo <- &protocol.CommValue{
					Address: protocol.GonbuiSyncAckAddress,
					Value:   syncId,
				}:
				case <-exec.doneChan:
				}
""",
    ),
    (
        "internal/jpyexec/namedpipes_dispatch.go",
        "	for msg := range exec.PipeWriterFifo {\n",
        """	for {
		var msg *protocol.CommValue
		select {
		case msg = <-exec.PipeWriterFifo:
		case <-exec.doneChan:
			return
		}
""",
    ),
    (
        "internal/jpyexec/namedpipes_dispatch.go",
        """			return
		}
	}
	klog.V(2).Infof("jpyexec: pollPipeWriterFifo() closed.")
""",
        """			return
		}
	}
""",
    ),
    # A kernel that is told to stop ends before the cell that it has interrupted, which then has nowhere to write.
    (
        "internal/kernel/kernel.go",
        "// ExitWait will wait",
        """// Hold lets ExitWait wait for its release too.
func (k *Kernel) Hold() (release func()) {
	k.pollingWait.Add(1)
	return k.pollingWait.Done
}

// ExitWait will wait""",
    ),
    # A kernel that is killed leaves gopls behind.
    (
        "internal/goexec/goplsclient/exec.go",
        """	c.waitConnecting = true

	// In parallel tries""",
        """	c.waitConnecting = true
	release := process.Guard(c.goplsExec)

	// In parallel tries""",
    ),
    (
        "internal/goexec/goplsclient/exec.go",
        "		err := c.goplsExec.Wait()\n",
        """		err := c.goplsExec.Wait()
		process.Kill(c.goplsExec)
		release()
""",
    ),
    (
        "internal/goexec/goplsclient/exec.go",
        '	"github.com/janpfeifer/gonb/internal/util"\n',
        '	"github.com/janpfeifer/gonb/internal/process"\n	"github.com/janpfeifer/gonb/internal/util"\n',
    ),
]
