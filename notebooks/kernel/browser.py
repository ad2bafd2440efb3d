"""JupyterLab in a browser, for tests: a lab of their own, and a page of the system's Chromium on it."""

import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import unittest
import urllib.parse
from pathlib import Path

import nbformat
import work
from nbformat.v4 import new_code_cell, new_notebook

try:
    from playwright.sync_api import expect, sync_playwright
except ImportError:  # only `make test` and `make browser` install it
    sync_playwright = None

HERE = Path(__file__).parent
ROOT = Path(os.environ["WFLOW_ROOT"])
PICTURES = ROOT / ".lab" / "browser"  # the page as each test left it
NEVER = 600  # seconds: what takes longer hangs, on a slow and busy machine too
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
GONB = {"kernelspec": {"name": "gonb", "display_name": "Go (gonb)", "language": "go"}}
SHOWN = ".jp-NotebookPanel:not(.lm-mod-hidden)"


def chromium():
    """Returns the path of the system's Chromium, or None."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def missing():
    """Returns what is missing for tests in a browser, or "" if nothing is."""
    if sync_playwright is None:
        return "Playwright is not installed: make browser"
    if not chromium():
        return f"none of {', '.join(BROWSERS)} is on PATH. Debian: sudo apt install chromium"
    return ""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Lab:
    """serve.py on a free port, with a working folder, a cache and settings that nothing else uses."""

    def __init__(self, folder=None):
        self.place = tempfile.TemporaryDirectory()
        place = Path(self.place.name)
        self.folder, self.cache, self.terminal = folder or place / "work", place / "cache", place / "terminal"
        work.update(ROOT / "notebooks", self.folder)
        environment = {**os.environ, "WFLOW_CACHE": str(self.cache)}
        environment |= {f"JUPYTER_{name}_DIR": str(place / name.lower()) for name in ("CONFIG", "DATA", "RUNTIME")}
        self.command = [sys.executable, HERE / "serve.py", str(free_port()), "no", self.folder]
        self.environment = environment
        with self.terminal.open("w") as terminal:
            self.process = subprocess.Popen(self.command, env=environment, stdout=subprocess.PIPE, stderr=terminal, text=True)
        self.said = ""
        while not (found := re.search(r"(http://127\.0\.0\.1:\d+)\S*\?token=(\w+)", self.said)):
            line = self.process.stdout.readline()
            assert line, f"the lab ended: {self.said}{self.terminal.read_text()}"
            self.said += line
        self.base, self.token = found.groups()

    def address(self, name=None):
        """Returns where a file of the working folder opens, alone; without a name, where the lab begins."""
        path = "" if name is None else f"lab/tree/{urllib.parse.quote(name)}"
        return f"{self.base}/{path}?token={self.token}" + ("&reset" if name else "")

    def stop(self):
        self.process.terminate()
        self.process.communicate(timeout=NEVER)
        self.place.cleanup()


class Test(unittest.TestCase):
    """A test with a page on a lab. The tests of a class share the lab, each has a page of its own. Cells count from 0."""

    @classmethod
    def setUpClass(cls):
        if missing():
            return
        cls.lab = cls.new_lab()
        cls.addClassCleanup(cls.lab.stop)
        playwright = sync_playwright().start()
        cls.addClassCleanup(playwright.stop)
        cls.browser = playwright.chromium.launch(executable_path=chromium(), args=["--disable-gpu"])
        cls.addClassCleanup(cls.browser.close)

    @classmethod
    def new_lab(cls):
        return Lab()

    def setUp(self):
        if why := missing():
            self.skipTest(why)
        context = self.browser.new_context(viewport={"width": 1280, "height": 800})
        context.set_default_timeout(NEVER * 1000)
        self.addCleanup(context.close)
        self.asked = []  # the addresses that the page asked for
        context.on("request", lambda request: self.asked.append(request.url))
        self.page = context.new_page()

    def tearDown(self):
        PICTURES.mkdir(parents=True, exist_ok=True)
        self.picture(self.id())
        here = (self.lab.base, self.lab.base.replace("http:", "ws:"), "data:", "blob:")
        self.assertEqual([url for url in self.asked if not url.startswith(here)], [], "the page left this machine")

    def picture(self, name):
        """Keeps a picture of the page, in .lab/browser/NAME.png."""
        self.page.screenshot(path=PICTURES / f"{name}.png", timeout=30_000)

    def open(self, name):
        """Opens a notebook of the working folder, alone, and waits for its kernel."""
        self.page.goto(self.lab.address(name))
        self.ready()

    def new(self, *sources):
        """Opens a new notebook with these code cells, and one empty cell if none are given."""
        name = f"{self.id().rpartition('.')[2]}.ipynb"
        nbformat.write(new_notebook(cells=[new_code_cell(s) for s in sources or ("",)], metadata=GONB), self.lab.folder / name)
        self.open(name)

    def ready(self):
        """Waits until a notebook is shown and its kernel is there."""
        panel = self.page.locator(SHOWN)
        panel.locator("[data-jp-item-name=kernelName]", has_text="Go (gonb)").wait_for()
        state = ".jp-Notebook-ExecutionIndicator:is([data-status=idle], [data-status=unknown])"  # unknown: it has run nothing yet
        panel.locator(state).wait_for()

    def cell(self, i):
        return self.page.locator(f"{SHOWN} .jp-Notebook .jp-Cell").nth(i)

    def type(self, i, source):
        """Replaces what is in a cell. The cursor is at the end of it."""
        self.cell(i).locator(".cm-content").click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def source(self, i):
        """Returns what is in a cell."""
        return "\n".join(self.cell(i).locator(".cm-line").all_text_contents())

    def blank(self, i):
        """Takes away a cell's number. JupyterLab writes [*]: and then [2]:, which may have stood there before."""
        self.cell(i).locator(".jp-InputPrompt").evaluate("prompt => { prompt.textContent = '' }")

    def start(self, i):
        """Runs a cell, and does not wait."""
        self.blank(i)
        self.cell(i).locator(".cm-content").click()
        self.page.keyboard.press("Shift+Enter")

    def ended(self, i):
        """Waits until a cell has ended. Returns the text of its outputs."""
        expect(self.cell(i).locator(".jp-InputPrompt")).to_have_text(re.compile(r"^\[\d+\]:$"), timeout=NEVER * 1000)
        return self.output(i)

    def run_cell(self, i):
        """Runs a cell, waits until it has ended, and returns the text of its outputs."""
        self.start(i)
        return self.ended(i)

    def output(self, i):
        """Returns the text that a cell shows now."""
        area = self.cell(i).locator(".jp-OutputArea")
        return area.inner_text() if area.count() else ""

    def interrupt(self):
        self.page.locator(f"{SHOWN} [data-jp-item-name=interrupt]").click()

    def save(self):
        """Saves the notebook, and waits until it is saved."""
        self.page.keyboard.press("Control+S")
        self.page.locator(".lm-DockPanel .lm-TabBar-tab.lm-mod-current.jp-mod-dirty").wait_for(state="detached")
