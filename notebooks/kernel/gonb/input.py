"""What is mended in how a program asks for input."""

MENDS = [
    # A program that reads input which none can give waits for ever. It is told at once that there is none, unless the front
    # end allows input and gonbui.RequestInput or %with_inputs can ask for it.
    (
        "internal/jpyexec/jpyexec.go",
        """// done signals program finished""",
        """// asks returns whether the program can be given input while it runs.
func (exec *Executor) asks() bool {
	content, _ := exec.Msg.ComposedMsg().Content.(map[string]any)
	allowed, said := content["allow_stdin"].(bool)
	return (allowed || !said) && (exec.useNamedPipes || exec.millisecondsToInput > 0)
}

// done signals program finished""",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        """		exec.handleStaticInput()
	}
""",
        """		exec.handleStaticInput()
	} else if !exec.asks() {
		_ = exec.cmdStdin.Close()
	}
""",
    ),
    (
        "internal/jpyexec/jpyexec.go",
        """	if exec.millisecondsToInput > 0 {
		exec.handleJupyterInput()""",
        """	if exec.millisecondsToInput > 0 && exec.asks() {
		exec.handleJupyterInput()""",
    ),
    (
        "internal/jpyexec/namedpipes_dispatch.go",
        """	err := exec.Msg.PromptInput(""",
        """	if !exec.asks() {
		return
	}
	err := exec.Msg.PromptInput(""",
    ),
]
