"""What is mended in how much of a cell's output is shown, and in how many messages."""

MENDS = [
    # What a cell prints is a message for each write, without end, which drowns the browser, and the kernel where the browser
    # does not keep up. Here it goes through package output.
    (
        "internal/kernel/messages.go",
        "	Identities [][]byte\n",
        """	Identities [][]byte
	output     *output.Cell // of an execute_request
""",
    ),
    (
        "internal/kernel/messages.go",
        "// PublishKernelStatus publishes",
        """// Bound passes what the cell of an execute_request prints and displays through package output, until the cell has ended.
func Bound(msg Message) (end func()) {
	m, ok := msg.(*MessageImpl)
	if !ok {
		return func() {}
	}
	notice := "display_data"
	m.output = output.NewCell(output.Front{
		Print: func(stream, text string) {
			_ = m.publish("stream", map[string]string{"name": stream, "text": text})
		},
		Notice: func(text string) {
			_ = m.publish(notice, map[string]MIMEMap{
				"data":      {"text/plain": text},
				"metadata":  {},
				"transient": {"display_id": "output-" + m.Composed.Header.MsgID},
			})
			notice = "update_display_data"
		},
	}, output.NewFile(m.kernel.ExecCounter))
	return m.output.End
}

// Output returns what the output of a cell passes through.
func Output(msg Message) *output.Cell { return msg.(*MessageImpl).output }

// PublishKernelStatus publishes""",
    ),
    (
        "internal/kernel/messages.go",
        '	"github.com/janpfeifer/gonb/gonbui/protocol"\n',
        '	"github.com/janpfeifer/gonb/gonbui/protocol"\n	"github.com/janpfeifer/gonb/internal/output"\n',
    ),
    (
        "internal/kernel/messages.go",
        """func (m *MessageImpl) Publish(msgType string, content interface{}) error {
""",
        """func (m *MessageImpl) Publish(msgType string, content interface{}) error {
	if m.output != nil {
		m.output.Flush()
	}
	return m.publish(msgType, content)
}

// publish does it before what the cell has printed is shown.
func (m *MessageImpl) publish(msgType string, content interface{}) error {
""",
    ),
    (
        "internal/kernel/messages.go",
        "	data := string(p)\n	if err := PublishWriteStream",
        """	if m, ok := w.msg.(*MessageImpl); ok && m.output != nil {
		m.output.Print(w.stream, p)
		return len(p), nil
	}
	data := string(p)
	if err := PublishWriteStream""",
    ),
    (
        "internal/dispatcher/dispatcher.go",
        "	// Dispatch to various executors.\n",
        "	end := kernel.Bound(msg)\n\n	// Dispatch to various executors.\n",
    ),
    (
        "internal/dispatcher/dispatcher.go",
        "	// Final execution result.\n",
        "	end()\n\n	// Final execution result.\n",
    ),
    # Displays, and messages to widgets.
    (
        "internal/jpyexec/namedpipes_dispatch.go",
        """	var err error
	if data.DisplayID != "" {
		msgData.Transient["display_id"] = data.DisplayID
		err = kernel.PublishUpdateDisplayData(exec.Msg, msgData)
	} else {
		err = kernel.PublishData(exec.Msg, msgData)
	}
	if err != nil {
		klog.Errorf("Failed to display data (ignoring): %v", err)
	}
""",
        """	kernel.Output(exec.Msg).Display(data.DisplayID, output.Size(msgData.Data), func() {
		var err error
		if data.DisplayID != "" {
			msgData.Transient["display_id"] = data.DisplayID
			err = kernel.PublishUpdateDisplayData(exec.Msg, msgData)
		} else {
			err = kernel.PublishData(exec.Msg, msgData)
		}
		if err != nil {
			klog.Errorf("Failed to display data (ignoring): %v", err)
		}
	})
""",
    ),
    (
        "internal/jpyexec/namedpipes_dispatch.go",
        '				klog.V(2).Infof("comms: Received Sync(%d)',
        '				kernel.Output(exec.Msg).Sync()\n				klog.V(2).Infof("comms: Received Sync(%d)',
    ),
    (
        "internal/jpyexec/namedpipes_dispatch.go",
        """			if exec.commsHandler == nil {
				klog.V(2).Infof("Received and dropped (no handler registered) CommValue""",
        """			kernel.Output(exec.Msg).Wait(len(fmt.Sprint(req.Value)))
			if exec.commsHandler == nil {
				klog.V(2).Infof("Received and dropped (no handler registered) CommValue""",
    ),
    (
        "internal/jpyexec/namedpipes_dispatch.go",
        '	"github.com/janpfeifer/gonb/internal/kernel"\n',
        '	"github.com/janpfeifer/gonb/internal/kernel"\n	"github.com/janpfeifer/gonb/internal/output"\n',
    ),
    (
        "internal/kernel/messages.go",
        """	if kernel.KnownBlockIds.Has(displayId) {
		msgType = "update_display_data"
	} else {
		kernel.KnownBlockIds.Insert(displayId)
	}
""",
        """	kernel.muSubscriptions.Lock()
	if kernel.KnownBlockIds.Has(displayId) {
		msgType = "update_display_data"
	} else {
		kernel.KnownBlockIds.Insert(displayId)
	}
	kernel.muSubscriptions.Unlock()
""",
    ),
    # It keeps a line of stderr until its end, to look for a place in the source: one without end, too.
    (
        "internal/goexec/execcode.go",
        "	w.lineBuffer.Write(p)\n",
        """	if w.lineBuffer.Len() > 100_000 {
		w.lineBuffer.Reset()
	}
	w.lineBuffer.Write(p)
""",
    ),
]
