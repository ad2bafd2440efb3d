"""Copies GoNB's source and mends it: python gonb.py SOURCE COPY. A mend that no longer fits is an error."""

import shutil
import sys
from pathlib import Path

from gonb_run import RUN

MENDS = [
    *RUN,
    # It waits 12 s before it first talks to gopls, and the kernel waits with it: a Tab in a fresh notebook stops everything.
    (
        "internal/goexec/goplsclient/conn.go",
        "12000 * time.Millisecond",
        "500 * time.Millisecond",
    ),
    # It gives up on a gopls that takes longer to answer at first, as on a busy machine.
    (
        "internal/goexec/goplsclient/conn.go",
        "minTimeout(ctx, ConnectTimeout)",
        "minTimeout(ctx, StartTimeout)",
    ),
    ("internal/goexec/goplsclient/exec.go", "StartTimeout = 30 * time.Second", "StartTimeout = 120 * time.Second"),
    # It answers requests of the control channel on the shell channel, and hangs there once the notebook's tab is closed.
    (
        "internal/kernel/messages.go",
        "return m.kernel.sockets.ShellSocket.RunLocked(",
        """socket := &m.kernel.sockets.ShellSocket
	if msgType == "interrupt_reply" || msgType == "shutdown_reply" {
		socket = &m.kernel.sockets.ControlSocket
	}
	return socket.RunLocked(""",
    ),
    # Stopped twice, by a message and a signal, it panics and leaves gopls and its folder behind.
    (
        "internal/kernel/kernel.go",
        "close(k.stop)",
        """if k.IsStopped() {
		return
	}
	close(k.stop)""",
    ),
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

source, copy = map(Path, sys.argv[1:])
shutil.rmtree(copy, ignore_errors=True)
shutil.copytree(source, copy, ignore=shutil.ignore_patterns("docs", "examples"), copy_function=shutil.copyfile)
for folder in [copy, *copy.rglob("*/")]:
    folder.chmod(0o755)  # Go's module cache is read-only
(copy / "internal" / "process").mkdir()
shutil.copy(Path(__file__).parent / "process" / "process.go", copy / "internal" / "process")
for name, old, new in MENDS:
    file = copy / name
    text = file.read_text()
    if text.count(old) != 1:
        sys.exit(f"gonb.py: {name}: {old!r} occurs {text.count(old)} times, want 1: has GoNB changed?")
    file.write_text(text.replace(old, new))
