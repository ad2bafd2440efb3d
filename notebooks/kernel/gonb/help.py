"""What is mended in how a cell that is typed is completed and explained: package help, in Go, does it."""

MENDS = [
    # It writes a cell that is typed, and the notebook's declarations, to the files that the compiler reads, and has goimports
    # and the network look at them. A cell that is not finished does not parse: then gopls sees no imports and no variables.
    # It also opens every file of our packages in gopls. Package help keeps a gopls of its own and writes no file.
    (
        "internal/goexec/goexec.go",
        "		s.gopls = goplsclient.New(s.TempDir)\n		err = s.gopls.Start()\n",
        "		if !rawError { // nobody types in a notebook that is run as text\n			s.Help = help.Start(s.TempDir, process.Guard)\n		}\n",
    ),
    ("internal/goexec/goexec.go", "	// gopls client\n", "	// Help answers questions about cells that are typed. It is nil without gopls.\n	Help *help.Help\n\n	// gopls client\n"),
    ("internal/goexec/goexec.go", "	if s.gopls != nil {\n", "	if s.Help != nil {\n		s.Help.Stop()\n	}\n	if s.gopls != nil {\n"),
    (
        "internal/goexec/goexec.go",
        '	"github.com/janpfeifer/gonb/internal/kernel"\n',
        """	"github.com/janpfeifer/gonb/internal/help"
	"github.com/janpfeifer/gonb/internal/kernel"
	"github.com/janpfeifer/gonb/internal/process"
""",
    ),
    (
        "internal/goexec/goexec.go",
        "// Reset clears all the memorized",
        """// Remember tells Help what the cells so far declare, and which files of our packages have changed.
func (s *State) Remember() {
	if s.Help == nil {
		return
	}
	_ = s.EnumerateUpdatedFiles(func(file string) error {
		s.Help.Changed(file)
		return nil
	})
	var earlier strings.Builder
	if _, _, err := s.createCodeFromDecls(&earlier, s.Definitions, nil); err == nil {
		s.Help.Remember(earlier.String())
	}
}

// Reset clears all the memorized""",
    ),
    ("internal/goexec/goexec.go", '	"slices"\n', '	"slices"\n	"strings"\n'),
    ("internal/goexec/execcode.go", "	// Execute compiled code.\n", "	s.Remember()\n\n	// Execute compiled code.\n"),
    ("internal/dispatcher/dispatcher.go", "	// Final execution result.\n", "	goExec.Remember()\n\n	// Final execution result.\n"),
    (
        "internal/dispatcher/dispatcher.go",
        "	err = goExec.AutoCompleteOptionsInCell(lines, usedLines, cursorLine, cursorCol, reply)\n	return\n",
        """	if goExec.Help == nil {
		return
	}
	found, err := goExec.Help.Complete(help.Cell{Lines: lines, Commands: usedLines, Line: cursorLine, Column: cursorCol})
	reply.CursorStart -= found.Before
	reply.CursorEnd += found.After
	var types []map[string]any
	for _, item := range found.Items {
		reply.Matches = append(reply.Matches, item.Text)
		types = append(types, map[string]any{
			"text": item.Text, "type": item.Kind, "signature": item.Signature, "start": reply.CursorStart, "end": reply.CursorEnd,
		})
	}
	reply.Metadata["_jupyter_types_experimental"] = types
	return err
""",
    ),
    (
        "internal/dispatcher/dispatcher.go",
        "			data, err = goExec.InspectIdentifierInCell(lines, usedLines, cursorLine, cursorCol)\n",
        """			if goExec.Help != nil {
				var said string
				said, err = goExec.Help.Explain(help.Cell{Lines: lines, Commands: usedLines, Line: cursorLine, Column: cursorCol})
				if said != "" {
					data = kernel.MIMEMap{string(protocol.MIMETextMarkdown): said, string(protocol.MIMETextPlain): help.Plain(said)}
				}
			}
""",
    ),
    # Where there is nothing to say, it shows what gopls complains about.
    (
        "internal/dispatcher/dispatcher.go",
        """				data = kernel.MIMEMap{
					string(protocol.MIMETextPlain): any(
						fmt.Sprintf("%s", err.Error())),
					//fmt.Sprintf("Failed to inspect: in cell=[line=%d, col=%d]:\\n%+v", cursorLine+1, cursorCol+1, err)),
				}
""",
        """				klog.Infof("inspect_request: %v", err)
""",
    ),
    ("internal/dispatcher/dispatcher.go", '	"fmt"\n', ""),
    (
        "internal/dispatcher/dispatcher.go",
        '	"github.com/janpfeifer/gonb/internal/kernel"\n',
        '	"github.com/janpfeifer/gonb/internal/help"\n	"github.com/janpfeifer/gonb/internal/kernel"\n',
    ),
    # A question waits until every cell before it has run, and no cell runs until a question is answered. An answer it cannot
    # send ends the kernel.
    (
        "internal/dispatcher/dispatcher.go",
        '	"execute_request", "inspect_request", "complete_request",\n',
        '	"execute_request",\n',
    ),
    (
        "internal/dispatcher/dispatcher.go",
        '		case "shutdown_request":\n',
        """		case "inspect_request", "complete_request":
			go func() {
				if err := handleBusyMessage(msg, goExec); err != nil {
					klog.Errorf("Failed to handle %q: %+v", msgType, err)
				}
			}()

		case "shutdown_request":
""",
    ),
    ("internal/dispatcher/dispatcher.go", "			klog.Fatal(err)\n", '			klog.Errorf("replying to \'complete_request\': %+v", err)\n'),
    # The end of an answer says that the kernel is idle. If a cell runs, it says once more that it is not.
    (
        "internal/dispatcher/dispatcher.go",
        "		newErr := kernel.PublishKernelStatus(msg, kernel.StatusIdle)\n",
        """		newErr := kernel.PublishKernelStatus(msg, kernel.StatusIdle)
		if cell := running.Load(); cell != nil {
			_ = kernel.PublishKernelStatus(*cell, kernel.StatusBusy)
		}
""",
    ),
    (
        "internal/dispatcher/dispatcher.go",
        '	case "execute_request":\n',
        '	case "execute_request":\n		running.Store(&msg)\n		defer running.Store(nil)\n',
    ),
    (
        "internal/dispatcher/dispatcher.go",
        "// handleBusyMessage handles Shell",
        "// running is the request whose cell runs.\nvar running atomic.Pointer[kernel.Message]\n\n// handleBusyMessage handles Shell",
    ),
    ("internal/dispatcher/dispatcher.go", '	"sync"\n', '	"sync"\n	"sync/atomic"\n'),
    # It takes a cursor's position for a number of UTF-16 units. Front ends send a number of characters.
    ("internal/kernel/encoding.go", "		utf16len := len(utf16.Encode([]rune{r}))\n		utf16Pos += utf16len\n", "		utf16Pos++\n"),
    ("internal/kernel/encoding.go", "for bytePos, r := range cellContent", "for bytePos := range cellContent"),
    ("internal/kernel/encoding.go", 'import (\n	"strings"\n	"unicode/utf16"\n)', 'import "strings"'),
]
