"""What is mended in how the kernel is stopped."""

MENDS = [
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
]
