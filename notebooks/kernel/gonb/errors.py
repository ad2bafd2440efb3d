"""What is mended in how errors are shown."""

MENDS = [
    # Its parser's "expected declaration, found x" does not say that a cell of statements begins with %%.
    (
        "internal/goexec/parser.go",
        "err = s.DisplayErrorWithContext(msg, fileToCellIdAndLine, err.Error(), err)",
        """said := err.Error()
			if strings.Contains(said, "expected declaration, found") {
				said += "\\nStatements need %% on the first line of their cell; without it, a cell holds declarations only."
			}
			err = s.DisplayErrorWithContext(msg, fileToCellIdAndLine, said, err)""",
    ),
    # Below what the compiler says, it shows a second error: that the compiler failed.
    (
        "internal/dispatcher/dispatcher.go",
        "if err := kernel.PublishExecutionError(msg, value, traceback, name); err != nil {",
        """shown := strings.HasPrefix(value, "parsing go files in TempDir") ||
			strings.HasPrefix(value, "failed to run") && strings.Contains(value, ": exit status ")
		if shown {
			// as HTML
		} else if err := kernel.PublishExecutionError(msg, value, traceback, name); err != nil {""",
    ),
]
