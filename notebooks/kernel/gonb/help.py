"""What is mended in how GoNB asks gopls for completions and explanations."""

MENDS = [
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
]
