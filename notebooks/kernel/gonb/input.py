"""What is mended in how a program asks for input."""

MENDS = [
    # A program that reads input which none can give waits for ever. It is told at once that there is none, unless the front
    # end allows input.
    (
        "internal/jpyexec/jpyexec.go",
        """// done signals program finished""",
        """// asks returns whether the program can be given input while it runs.
func (exec *Executor) asks() bool {
	content, _ := exec.Msg.ComposedMsg().Content.(map[string]any)
	allowed, said := content["allow_stdin"].(bool)
	return (allowed || !said) && (exec.useNamedPipes || exec.millisecondsToInput > 0)
}

// prompt asks for input if the program waits for it and nobody has been asked yet. It returns false once the program has
// ended.
func (exec *Executor) prompt(answer kernel.OnInputFn) bool {
	waits := !exec.prompted.Load() && stdin.Waits(exec.cmd.Process.Pid)
	exec.muDone.Lock()
	defer exec.muDone.Unlock()
	if waits && !exec.prompted.Load() && !exec.isDone {
		exec.prompted.Store(true)
		_ = exec.Msg.PromptInput(" ", exec.inputPassword, answer)
	}
	return !exec.isDone
}

// done signals program finished""",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        "	inputPassword              bool\n",
        """	inputPassword              bool
	prompted                   atomic.Bool // a field is open, and nothing has been typed into it yet
""",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        """	// Handle Jupyter input.
	if exec.millisecondsToInput > 0 {
		exec.handleJupyterInput()
	}

""",
        "",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        """		exec.handleStaticInput()
	}
""",
        """		exec.handleStaticInput()
	} else if !exec.asks() {
		_ = exec.cmdStdin.Close()
	} else if exec.millisecondsToInput > 0 {
		exec.handleJupyterInput()
	}
""",
    ),
    (
        "internal/jpyexec/namedpipes_dispatch.go",
        """	err := exec.Msg.PromptInput(""",
        """	if !exec.asks() {
		return
	}
	exec.prompted.Store(true)
	err := exec.Msg.PromptInput(""",
    ),
    # It asks after a while, whether the program waits for input or not. A cell is not asked for any, unless it has gonbui do it.
    (
        "internal/jpyexec/jpyexec.go",
        """		time.Sleep(time.Duration(exec.millisecondsToInput) * time.Millisecond)
		klog.V(2).Infof("%d milliseconds elapsed, prompt for input", exec.millisecondsToInput)
		exec.muDone.Lock()
		if !exec.isDone {
			_ = exec.Msg.PromptInput(" ", exec.inputPassword, writeStdinFn)
		}
		exec.muDone.Unlock()
""",
        """		time.Sleep(time.Duration(exec.millisecondsToInput) * time.Millisecond)
		for exec.prompt(writeStdinFn) {
			time.Sleep(time.Duration(exec.millisecondsToInput) * time.Millisecond)
		}
""",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        """			return nil
		}
		content := input""",
        """			return nil
		}
		exec.prompted.Store(false)
		content := input""",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        """		// Reschedule itself for the next message.
		go schedulePromptFn()
""",
        "",
    ),
    (
        "internal/jpyexec/namedpipes_dispatch.go",
        "			cmdStdin := exec.cmdStdin\n",
        "			cmdStdin := exec.cmdStdin\n			exec.prompted.Store(false)\n",
    ),
    (
        "internal/goexec/execcode.go",
        "	err := jpyExec.Exec()\n",
        """	if source, err := s.readMainGo(); err == nil && stdin.Named(source) {
		jpyExec.WithInputs(200)
	}
	err := jpyExec.Exec()
""",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        '	"github.com/pkg/errors"\n',
        '	"github.com/janpfeifer/gonb/internal/stdin"\n	"github.com/pkg/errors"\n',
    ),
    (
        "internal/goexec/execcode.go",
        '	"github.com/pkg/errors"\n',
        '	"github.com/janpfeifer/gonb/internal/stdin"\n	"github.com/pkg/errors"\n',
    ),
    (
        "internal/jpyexec/jpyexec.go",
        '	"sync"\n',
        '	"sync"\n	"sync/atomic"\n',
    ),
    # An answer that comes at once is lost: it asks first, and then says who wants the answer.
    (
        "internal/kernel/messages.go",
        """	// Register callback.
	m.kernel.stdinMsg = m
	m.kernel.stdinFn = onInput

""",
        "",
    ),
    (
        "internal/kernel/messages.go",
        """	klog.V(1).Infof("Stdin(%v) input request", inputRequest.Content)
""",
        """	klog.V(1).Infof("Stdin(%v) input request", inputRequest.Content)
	m.kernel.stdinMsg = m
	m.kernel.stdinFn = onInput
""",
    ),
    # What the program has printed before, such as what it wants to know, is shown first.
    (
        "internal/kernel/messages.go",
        """	klog.V(1).Infof("MessageImpl.PromptInput(%q, %v)", prompt, password)
""",
        """	klog.V(1).Infof("MessageImpl.PromptInput(%q, %v)", prompt, password)
	if m.output != nil {
		m.output.Flush()
	}
""",
    ),
]
