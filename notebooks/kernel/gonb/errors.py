"""What is mended in how errors are shown: package fault, in Go, says what is wrong, and it is shown once."""

MENDS = [
    (
        "internal/goexec/errorpublish.go",
        """	nbErr := newGonbErrors(s, fileToCellIdAndLine, errorMsg, err)
	if s.rawError {
		return nbErr
	} else {
		nbErr.PublishWithHTML(msg)
		return err
	}
}
""",
        """	report := s.program(fileToCellIdAndLine).Compile(errorMsg)
	report.Plain = s.rawError
	return report
}

// program returns what package fault is to know of the cell that runs.
func (s *State) program(places []CellIdAndLine) fault.Program {
	text, _ := s.readMainGo()
	return fault.Program{
		Lines: strings.Split(text, "\\n"),
		Place: func(line int) *fault.Place {
			if line < 1 || line > len(places) || places[line-1].Line == NoCursorLine {
				return nil
			}
			at := places[line-1]
			return &fault.Place{Cell: at.Id, Line: at.Line + 1, ID: s.CellIDs[at.Id]}
		},
		Names: func(place fault.Place, at int) []string {
			if s.Help == nil {
				return nil
			}
			cell := s.cell
			cell.Line, cell.Column = place.Line-1, at
			return s.Help.Names(cell)
		},
		Code:   s.cell.Lines,
		Cell:   s.cellID,
		Values: s.values,
	}
}
""",
    ),
    (
        "internal/goexec/errorpublish.go",
        "	var nbErr *GonbError\n",
        """	if report := fault.Of(err); report != nil {
		return report.Name, report.Error(), strings.Split(report.Text(), "\\n")
	}
	var nbErr *GonbError
""",
    ),
    (
        "internal/goexec/errorpublish.go",
        '	"text/template"\n\n',
        '	"strings"\n	"text/template"\n\n	"github.com/janpfeifer/gonb/internal/fault"\n',
    ),
    (
        "internal/goexec/goexec.go",
        "	// trackingInfo is everything",
        """	// The cell that runs, its number, what values cells before it had, and the ids that the front end has for cells.
	cell    help.Cell
	cellID  int
	values  map[string]int
	CellIDs map[int]string

	// trackingInfo is everything""",
    ),
    (
        "internal/goexec/goexec.go",
        "		trackingInfo:    newTrackingInfo(),\n",
        "		values:          make(map[string]int),\n		CellIDs:         make(map[int]string),\n		trackingInfo:    newTrackingInfo(),\n",
    ),
    (
        "internal/goexec/execcode.go",
        '	klog.V(1).Infof("ExecuteCell: %q", lines)\n',
        """	klog.V(1).Infof("ExecuteCell: %q", lines)
	s.cell, s.cellID = help.Cell{Lines: lines, Commands: skipLines}, cellId
""",
    ),
    (
        "internal/goexec/execcode.go",
        '	klog.V(2).Infof("ExecuteCell: after s.Compile()")\n',
        """	klog.V(2).Infof("ExecuteCell: after s.Compile()")
	for _, name := range fault.Assigned(mainDecl.Definition) {
		s.values[name] = cellId
	}
""",
    ),
    (
        "internal/goexec/execcode.go",
        '	"github.com/janpfeifer/gonb/internal/jpyexec"\n',
        """	"github.com/janpfeifer/gonb/internal/fault"
	"github.com/janpfeifer/gonb/internal/help"
	"github.com/janpfeifer/gonb/internal/jpyexec"
""",
    ),
    (
        "internal/dispatcher/dispatcher.go",
        """		replyContent["execution_count"] = msg.Kernel().ExecCounter
""",
        """		replyContent["execution_count"] = msg.Kernel().ExecCounter
		if id, is := msg.ComposedMsg().Metadata["cellId"].(string); is {
			goExec.CellIDs[msg.Kernel().ExecCounter] = id
		}
""",
    ),
    (
        "internal/dispatcher/dispatcher.go",
        "		if err := kernel.PublishExecutionError(msg, value, traceback, name); err != nil {",
        """		if report := fault.Of(executionErr); report != nil && !report.Plain {
			data := kernel.MIMEMap{string(protocol.MIMETextHTML): report.HTML(), string(protocol.MIMETextPlain): report.Text()}
			if err := kernel.PublishData(msg, kernel.Data{Data: data, Metadata: make(kernel.MIMEMap), Transient: make(kernel.MIMEMap)}); err != nil {
				return errors.WithMessagef(err, "publishing what is wrong")
			}
		} else if err := kernel.PublishExecutionError(msg, value, traceback, name); err != nil {""",
    ),
    (
        "internal/dispatcher/dispatcher.go",
        '	"github.com/janpfeifer/gonb/internal/goexec"\n',
        '	"github.com/janpfeifer/gonb/internal/fault"\n	"github.com/janpfeifer/gonb/internal/goexec"\n',
    ),
    # What a cell that panics has written is shown as it is, then how it ended, then where.
    (
        "internal/goexec/execcode.go",
        """	stderrWithAnnotator := newJupyterStackTraceMapperWriter(msg, "stderr", s, fileToCellIdAndLine)
	var stderr io.Writer = stderrWithAnnotator
""",
        """	lastWords := fault.NewWriter(kernel.NewJupyterStreamWriter(msg, kernel.StreamStderr))
	var stderr io.Writer = lastWords
""",
    ),
    (
        "internal/goexec/execcode.go",
        """	if exitErr := jpyExec.ExitError(); exitErr != nil {
		if !s.rawError {
			if annotator, ok := stderrWithAnnotator.(*jupyterStackTraceMapperWriter); ok {
				if annotator.lineBuffer.Len() > 0 {
					lineStr := strings.TrimRight(annotator.lineBuffer.String(), "\\n\\r")
					annotator.processLine(lineStr)
					annotator.lineBuffer.Reset()
				}
				if len(annotator.errorLines) > 0 {
					annotator.state.DisplayErrorLines(msg, annotator.errorLines, exitErr)
				}
			}
		}
		return exitErr
	}
""",
        """	exitErr := jpyExec.ExitError()
	failed := exitErr != nil && kernel.Interrupted(msg) == nil
	words := lastWords.End(failed)
	if failed {
		report := &fault.Report{Name: "failed", Faults: []fault.Fault{{Message: exitErr.Error()}}}
		if words != "" {
			report = s.program(fileToCellIdAndLine).Panic(words)
		}
		report.Plain = s.rawError
		return report
	}
	if exitErr != nil {
		return exitErr
	}
""",
    ),
]
