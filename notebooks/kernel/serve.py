"""Serves a folder in JupyterLab: env.sh python serve.py PORT BROWSER FOLDER. SIGINT or SIGTERM stops it and its kernels."""

import os
import secrets
import signal
import socket
import sys
import webbrowser
from pathlib import Path

signal.signal(signal.SIGINT, signal.SIG_DFL)  # until Jupyter takes it
port, browser, folder = sys.argv[1:]
screen = sys.platform != "linux" or "DISPLAY" in os.environ or "WAYLAND_DISPLAY" in os.environ
opens = browser != "no" and screen


def address(token):
    return f"http://127.0.0.1:{port}/?token={token}"


def running():
    """Returns the token of the lab of this checkout that has the port, or None."""
    from jupyter_server.serverapp import list_running_servers

    return next((info["token"] for info in list_running_servers() if info["port"] == port), None)


if not (port.isdecimal() and 0 < int(port) < 2**16):
    sys.exit(f"\nlab: {port} is no port.\n     Fix: make lab PORT=8889, or another number from 1 to 65535")
port = int(port)
with socket.socket() as probe:
    probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        probe.bind(("127.0.0.1", port))
    except OSError as error:
        if token := running():
            print(f"lab: it runs already: {address(token)}")
            if opens:
                webbrowser.open(address(token))
            sys.exit()
        sys.exit(f"\nlab: port {port}: {error.strerror}.\n     Fix: make lab PORT={port + 1}, or stop what uses it")

from jupyterlab.labapp import LabApp  # slow: after the port is known to be free

settings = {
    "ws_ping_interval": 0,  # on one machine, connections need no keeping alive
    "static_custom_path": [str(Path(__file__).parent / "custom")],  # custom.css
}
# Given here, these win over any configuration file of this machine. In sys.argv the token would show in ps.
token = os.environ.get("JUPYTER_TOKEN") or secrets.token_hex(24)
app = LabApp.initialize_server(
    [
        "--ServerApp.ip=127.0.0.1",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--ServerApp.allow_root=True",
        f"--ServerApp.root_dir={Path(folder).resolve()}",
        f"--IdentityProvider.token={token}",
        f"--ServerApp.open_browser={opens}",
        f"--ServerApp.extra_template_paths={Path(__file__).parent}",  # login.html
        "--LabApp.custom_css=True",
        f"--ServerApp.jinja_template_vars={{'port': {port}}}",
        "--ServerApp.answer_yes=True",
        f"--ServerApp.tornado_settings={settings}",
        "--ServerApp.log_level=WARN",
        "--LabApp.log_level=WARN",
        "--LabApp.default_url=/lab/tree/start.ipynb",
        "--LabApp.extension_manager=readonly",  # the other one asks PyPI
        "--ContentsManager.hide_globs=pictures",  # JupyterLab lists folders before notebooks
        "--ContentsManager.hide_globs=photographs",
        "--KernelSpecManager.allowed_kernelspecs=gonb",
        "--MultiKernelManager.default_kernel_name=gonb",
        "--ServerApp.kernel_manager_class=backlog.KernelManager",
        "--ZMQChannelsWebsocketConnection.limit_rate=False",  # the kernel bounds what a cell says; this would lose parts of it
    ]
)
backend = "XLA" if os.environ.get("WFLOW_XLA_PLUGIN") else "the pure Go backend"
words = f"lab: {address(token)}\nlab: training uses {backend}; Ctrl-C or kill {os.getpid()} stops the lab"
app.io_loop.add_callback(print, words, flush=True)
for number in (signal.SIGINT, signal.SIGTERM):  # Jupyter itself takes SIGINT from a terminal only
    signal.signal(number, lambda *_: app.stop(from_signal=True))
app.start()
