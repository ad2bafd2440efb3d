"""Serves notebooks/ in JupyterLab: env.sh python serve.py PORT BROWSER. Ctrl-C stops it and its kernels."""

import os
import secrets
import signal
import socket
import sys

signal.signal(signal.SIGINT, signal.SIG_DFL)  # until Jupyter takes it
port, browser = int(sys.argv[1]), sys.argv[2]
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", port))
    except OSError as error:
        sys.exit(f"\nlab: port {port}: {error.strerror}.\n     Fix: make lab PORT={port + 1}, or stop what uses it (another make lab?)")

from jupyterlab.labapp import LabApp  # slow: after the port is known to be free

# Given here, these win over any configuration file of this machine. In sys.argv the token would show in ps.
token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
screen = sys.platform != "linux" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
app = LabApp.initialize_server(
    [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.allow_root=True",
        f"--ServerApp.root_dir={os.environ['WFLOW_ROOT']}/notebooks",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.open_browser={browser != 'no' and screen}",
        "--ServerApp.answer_yes=True",
        "--ServerApp.log_level=WARN",
        "--LabApp.log_level=WARN",
        "--KernelSpecManager.allowed_kernelspecs=gonb",
        "--MultiKernelManager.default_kernel_name=gonb",
    ]
)
backend = "XLA" if os.environ.get("WFLOW_XLA_PLUGIN") else "the pure Go backend"
words = f"lab: http://127.0.0.1:{port}/lab?token={token}\nlab: training uses {backend}; Ctrl-C stops the lab"
app.io_loop.add_callback(print, words, flush=True)
app.start()
