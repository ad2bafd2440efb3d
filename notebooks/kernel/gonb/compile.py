"""What is mended in how cells are compiled."""

MENDS = [
    # It links and runs cells that have nothing to run: functions, types and constants alone are compiled here, and no more.
    (
        "internal/goexec/parser.go",
        """Definition: "func main() { flag.Parse() }",
		}
""",
        """Definition: "func main() { flag.Parse() }",
		}
		computes := len(newDecls.Variables) > 0
		for name := range newDecls.Functions {
			computes = computes || name == "init" || strings.HasPrefix(name, InitFunctionPrefix)
		}
		if !computes {
			mainDecl.Key = "nothing to run"
		}
""",
    ),
    (
        "internal/goexec/execcode.go",
        "	// And then compile it.\n",
        """	if mainDecl.Key == "nothing to run" && !s.CellIsTest && !s.CellIsWasm {
		if err := s.Compile(msg, fileToCellIdAndLine, "list", "-export", `-f={{""}}`); err != nil {
			return err
		}
		s.Definitions = updatedDecls
		return nil
	}

	// And then compile it.
""",
    ),
    (
        "internal/goexec/execcode.go",
        """Compile(msg kernel.Message, fileToCellIdAndLines []CellIdAndLine) error {
	var args []string
	if s.CellIsTest {""",
        """Compile(msg kernel.Message, fileToCellIdAndLines []CellIdAndLine, args ...string) error {
	if len(args) > 0 {
		// said by the caller
	} else if s.CellIsTest {""",
    ),
]
