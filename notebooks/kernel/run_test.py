"""Tests of run.py, of the set-up and the server. Part of make test."""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

import accept
import gallery
import nbformat
import run
from kernel_test import NEVER
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

HERE = Path(__file__).parent
GONB = {"kernelspec": {"name": "gonb", "display_name": "Go (gonb)", "language": "go"}}


def notebook(*sources, **metadata):
    return new_notebook(cells=[new_code_cell(source) for source in sources], metadata={**GONB, **metadata})


def executed(*outputs):
    cell = new_code_cell('import "fmt"', execution_count=1, outputs=list(outputs))
    return new_notebook(cells=[cell], metadata=GONB)


class Shrink(unittest.TestCase):
    def same(self, source, want, misplaced=0):
        got, lines = run.shrink(source)
        self.assertEqual(got, want)
        self.assertEqual(len(lines), misplaced)

    def test_block(self):
        self.same(
            "const (\n\tsteps = 7500 // [count] training steps; small: 60\n\trate  = 0.5  // [1]\n)",
            "const (\n\tsteps = 60 // [count] training steps; small: 60\n\trate  = 0.5  // [1]\n)",
        )

    def test_alone_typed_and_text(self):
        self.same("const n int = 1_000 // points; small: 50", "const n int = 50 // points; small: 50")
        self.same('const url = "a//b" // where; small: "c"', 'const url = "c" // where; small: "c"')
        self.same("const x = a / b // ratio; small: 1 / 2.0", "const x = 1 / 2.0 // ratio; small: 1 / 2.0")

    def test_nothing_else(self):
        self.same("const (\n\tn = 3 // smaller: no\n)\n\nm := 4", "const (\n\tn = 3 // smaller: no\n)\n\nm := 4")
        self.same("m := 4 // no constant; small: 2", "m := 4 // no constant; small: 2", misplaced=1)
        self.same("const (\n\ta = 1\n)\nvar b = 2 // small: 1", "const (\n\ta = 1\n)\nvar b = 2 // small: 1", misplaced=1)


class Check(unittest.TestCase):
    def finds(self, problems, words):
        self.assertTrue(any(words in problem for problem in problems), f"{words!r} not in {problems}")

    def test_good(self):
        cell = new_output("stream", text="S_ε = 0.1, 3/4 of 1e-3, see https://arxiv.org/abs/2605.11755 and ./tmp/x\n")
        self.assertEqual(run.output_problems(executed(cell)), [])
        self.assertEqual(run.source_problems(executed(cell)), ([], []))

    def test_source(self):
        self.finds(run.source_problems(notebook("x := 1"))[0], "begin with imports")
        self.finds(run.source_problems(new_notebook(cells=[new_code_cell('import "fmt"')]))[0], "not gonb")
        self.finds(run.source_problems(notebook('import "fmt"', "!go version"))[0], "shell command")
        self.finds(run.source_problems(notebook('import "fmt"', " "))[0], "empty")
        self.finds(run.source_problems(notebook('import "fmt"', '%%\ncell.AtMost("training, s", t, 180)'))[0], "cell 2 checks a time")
        self.finds(run.source_problems(notebook('import "fmt"', "\n" * 15 + "x"))[1], "16 lines")
        twice = notebook('import "fmt"')
        twice.cells.append(new_markdown_cell("words", id=twice.cells[0].id))
        self.finds(run.source_problems(twice)[0], "occurs 2 times")

    def test_outputs(self):
        self.finds(run.output_problems(notebook('import "fmt"')), "has not been run")
        self.finds(run.output_problems(executed(new_output("error", ename="E", evalue="", traceback=[]))), "failed")
        self.finds(run.output_problems(executed(new_output("stream", text="x" * 1_100_000))), "MB")
        for path in ("/home/ada/x.go", "/tmp/gonb_1/main.go:3", r"C:\Users\ada", "/Users/ada/x", run.__file__, tempfile.mkdtemp()):
            html = new_output("display_data", {"text/html": f"<b>{path}</b>"})
            self.finds(run.output_problems(executed(html)), "path of this machine")

    def test_pictures_are_not_read(self):
        picture = new_output("display_data", {"image/png": "A/tmp/b", "text/html": '<img src="data:image/gif;base64,AA/tmp/bb=">'})
        self.assertEqual(run.output_problems(executed(picture)), [])


class Stale(unittest.TestCase):
    AGAIN = "Store new ones: make notebooks NOTEBOOKS=notebooks/01-test.ipynb"

    def setUp(self):
        self.notebook = notebook('import "fmt"', "const n = 3", "%%\nfmt.Println(n)", "%%\nfmt.Println(2 * n)")
        self.notebook.cells.insert(1, new_markdown_cell("three"))
        self.notebook.cells[3].outputs = [new_output("stream", text="3")]
        run.mark(self.notebook)

    def changed(self, cell):
        """Holds that outputs from this cell on are said to be stale."""
        want = f"cell {cell}: its code, or code above it, changed after the outputs were stored. {self.AGAIN}"
        self.assertEqual(run.stale(self.notebook, "01-test.ipynb"), [want])

    def test_words_and_outputs_may_change(self):
        self.notebook.cells[1].source = "four"
        self.notebook.cells[3].outputs = [new_output("stream", text="4")]
        self.assertEqual(run.stale(self.notebook, "01-test.ipynb"), [])
        self.assertEqual(run.stale(nbformat.reads(nbformat.writes(self.notebook), 4), "01-test.ipynb"), [])

    def test_changed_code(self):
        self.notebook.cells[3].source += "// and a comment"
        self.changed(4)
        self.notebook.cells[2].source = "const n = 4"
        self.changed(3)

    def test_cells_moved_deleted_split(self):
        cells = list(self.notebook.cells)
        self.notebook.cells[3:5] = cells[4], cells[3]
        self.changed(4)
        self.notebook.cells = cells[:2] + cells[3:]
        self.changed(3)
        first, second = new_code_cell("const n", metadata=cells[2].metadata), new_code_cell(" = 3", metadata=cells[2].metadata)
        self.notebook.cells = [*cells[:2], first, second, *cells[3:]]
        self.changed(3)

    def test_last_cell_deleted(self):
        del self.notebook.cells[4]
        want = f"it has 3 code cells, 1 of them with outputs; it was stored with 4 code cells, 1 of them with outputs. {self.AGAIN}"
        self.assertEqual(run.stale(self.notebook, "01-test.ipynb"), [want])
        self.notebook.cells = []
        self.assertIn("it has 0 code cells", run.stale(self.notebook, "01-test.ipynb")[0])

    def test_outputs_cleared(self):
        self.notebook.cells[3].outputs = []
        want = f"it has 4 code cells, 0 of them with outputs; it was stored with 4 code cells, 1 of them with outputs. {self.AGAIN}"
        self.assertEqual(run.stale(self.notebook, "01-test.ipynb"), [want])

    def test_no_numbers(self):
        del self.notebook.metadata["wflow"]
        want = f"it does not say how many code cells it had when its outputs were stored. {self.AGAIN}"
        self.assertEqual(run.stale(self.notebook, "01-test.ipynb"), [want])

    def test_no_fingerprint(self):
        del self.notebook.cells[3].metadata["wflow"]
        self.assertEqual(run.stale(self.notebook, "01-test.ipynb"), [f"cell 4: its outputs have no fingerprint. {self.AGAIN}"])

    def test_from_run_to_check(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "01-test.ipynb")
            nbformat.write(notebook('import "fmt"', "%%\nfmt.Println(2)"), path)

            def runner(how):
                return subprocess.run([sys.executable, HERE / "run.py", how, path], capture_output=True, text=True).stdout

            self.assertIn("1 passed, 0 failed", runner("--inplace"))
            self.assertIn("1 passed, 0 failed", runner("--check"))
            path.write_text(path.read_text().replace("Println(2)", "Println(3)"))
            self.assertIn("cell 2: its code, or code above it, changed", runner("--check"))
            path.write_text(path.read_text().replace("Println(3)", "Println(2)"))
            stored = nbformat.read(path, 4)
            del stored.cells[1]
            nbformat.write(stored, path)
            self.assertIn("it has 1 code cells, 0 of them with outputs; it was stored with 2 code cells, 1", runner("--check"))


class Unreadable(unittest.TestCase):
    def test_no_notebook(self):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "01-test.ipynb")
            mend = f". Mend it, or take the one of the last commit: git restore {path}"
            for stored, want in (
                (b"", f"it is not JSON: 0 bytes, Expecting value: line 1 column 1 (char 0){mend}"),
                (b"\xff\xfe", "it is not JSON: 2 bytes, "),
                (b"<<<<<<< HEAD\n", "it is not JSON: 13 bytes, "),
                (b"[]", f"it is JSON, but not a notebook: it has no nbformat{mend}"),
                (b'{"nbformat": 3, "worksheets": []}', "its nbformat is 3, want 4. Open it in JupyterLab (make lab) and save it"),
                (b'{"nbformat": 4}', "it is not a notebook of nbformat 4: "),
                (b'{"nbformat": 4, "nbformat_minor": 5, "cells": [{"id": "a"}]}', "it is not a notebook of nbformat 4: "),
                (b'{"nbformat": 4, "nbformat_minor": 5, "cells": []}', "of nbformat 4: 'metadata' is a required property"),
                (b'{"nbformat": 4, "nbformat_minor": 5, "metadata": {}}', "it is not a notebook of nbformat 4: KeyError('cells')"),
            ):
                path.write_bytes(stored)
                for report in (run.check(path), run.run(path)[1]):
                    self.assertEqual(len(report.problems), 1, report.problems)
                    self.assertIn(want, report.problems[0])
            for how in ("--check", "--small", "--inplace"):
                done = subprocess.run([sys.executable, HERE / "run.py", how, path, path], capture_output=True, text=True)
                self.assertEqual(done.returncode, 1)
                self.assertIn("0 passed, 2 failed", done.stdout, done.stderr)

    def test_no_environment(self):
        environment = {name: value for name, value in os.environ.items() if name != "WFLOW_ROOT"}
        done = subprocess.run([sys.executable, HERE / "run.py", "--check", __file__], env=environment, capture_output=True, text=True)
        self.assertEqual(done.returncode, 2)
        self.assertRegex(done.stderr, "WFLOW_ROOT is not set.*env.sh .lab/venv/bin/python .*run.py --check ")


class Gallery(unittest.TestCase):
    def test_pages_and_index(self):
        with tempfile.TemporaryDirectory() as folder:
            root, pages = Path(folder), Path(folder, "pages")
            (root / "pictures").mkdir()
            (root / "pictures" / "01.png").write_bytes(b"picture")
            pages.mkdir()
            (pages / "left.html").write_text("of an earlier gallery")
            for name, words in (("01-first", "# 01. Is 1 < 2?"), ("02-second", "# 02. And then?\n\nWords.")):
                cells = [new_markdown_cell(words), new_code_cell("f(x)", outputs=[new_output("stream", text=f"printed in {name}")])]
                nbformat.write(new_notebook(cells=cells, metadata=GONB), root / f"{name}.ipynb")
            gallery.build(sorted(root.glob("*.ipynb")), pages)
            self.assertEqual(sorted(path.name for path in pages.iterdir()), ["01-first.html", "01.png", "02-second.html", "index.html"])
            index = (pages / "index.html").read_text()
            self.assertIn('<a href="01-first.html">01. Is 1 &lt; 2?</a>', index)
            self.assertEqual(re.findall('(?:href|src)="([^":]*)"', index), ["01-first.html", "01-first.html", "01.png", "02-second.html"])
            self.assertIn("printed in 02-second", (pages / "02-second.html").read_text())


class Accept(unittest.TestCase):
    def test_every_seed_has_a_value(self):
        good, other = ("error", 1.0, "≤", 2.0), ("share", 3.0, "≥", 2.0)
        self.assertEqual([c["holds"] for c in accept.judged([[good, other]] * 3)], [True, True])
        with contextlib.redirect_stdout(None):
            self.assertEqual([c["holds"] for c in accept.judged([[good, other], [good], [good, other]])], [True, False])
            self.assertEqual([c["holds"] for c in accept.judged([[good], [good, good], [good]])], [False])
        self.assertEqual([c["holds"] for c in accept.judged([[good, good]])], [True])  # one run, without seed
        self.assertEqual([c["mean"] for c in accept.judged([[("error", v, "≤", 2.0)] for v in (1, 2, 6)])], [3.0])


# What stands in for Go, Python and gonb where the set-up itself is tested: they make empty files.
STAND_INS = {
    "go": """#!/bin/sh
case "$*" in
"env GOVERSION") echo go1.26.8 ;;
"env CGO_ENABLED") echo 0 ;;
*install*) mkdir -p "$GOBIN"; for tool in gonb gopls goimports staticcheck actionlint; do cp "$STAND_INS/gonb" "$GOBIN/$tool"; done ;;
mod*) touch ../../.lab/gonb.mod ;;
esac
""",
    "gonb": """#!/bin/sh
mkdir -p "$JUPYTER_DATA_DIR/kernels/gonb"
""",
    "python": """#!/bin/sh
for last; do :; done
case "$*" in
"-m venv"*) mkdir -p "$last/bin" "$last/lib/python3/site-packages/jupyterlab" "$last/share/jupyter/lab/static"
	cp "$0" "$last/bin/python"
	touch "$last/lib/python3/site-packages/jupyterlab/labapp.py" "$last/share/jupyter/lab/static/index.html" ;;
*ensurepip*) echo ok ;;
*kernel.json) touch "$last" ;;
esac
""",
}


class SetUp(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = Path(folder.name, "checkout")
        self.tools = Path(folder.name, "tools")
        shutil.copytree(HERE, self.root / "notebooks" / "kernel")
        (self.root / "go.mod").write_text("module m\n\ntoolchain go1.26.8\n")
        self.tools.mkdir()
        for name, text in STAND_INS.items():
            (self.tools / name).write_text(text)
            (self.tools / name).chmod(0o755)

    def set_up(self, python):
        """Returns what the set-up prints."""
        environment = {"PATH": f"{self.tools}:{os.environ['PATH']}", "STAND_INS": str(self.tools), "PYTHON": str(python)}
        kernel = self.root / "notebooks" / "kernel"
        done = subprocess.run([kernel / "env.sh", kernel / "setup.sh"], env=environment, capture_output=True, text=True)
        return done.stdout + done.stderr

    def test_what_was_deleted_is_made_again(self):
        self.assertIn("JupyterLab", self.set_up(self.tools / "python"))
        self.assertEqual(self.set_up(self.tools / "python"), "")
        parts = ["bin/gonb", "bin/gopls", "bin/goimports", "bin/staticcheck", "bin/actionlint", "venv/share/jupyter/kernels/gonb/kernel.json"]
        parts += ["venv/lib/python3/site-packages/jupyterlab/labapp.py", "venv/share/jupyter/lab/static/index.html", "venv/bin/python"]
        for part in parts:
            (self.root / ".lab" / part).unlink()
            said = self.set_up(self.tools / "python")
            self.assertTrue((self.root / ".lab" / part).exists(), f"{part}: {said}")
            self.assertEqual(self.set_up(self.tools / "python"), "")

    def test_a_python_that_fails_is_quoted(self):
        bad = self.tools / "bad"
        bad.write_text("#!/bin/sh\necho the reason >&2\nexit 3\n")
        bad.chmod(0o755)
        self.assertIn(f"lab: {bad} does not run Python: the reason\n     Fix: ", self.set_up(bad))
        self.assertIn("is not installed, or not on PATH", self.set_up(self.tools / "none"))


class Environment(unittest.TestCase):
    def plugin(self, **environment):
        """Returns the plugin that programs are given where there is one."""
        command = [HERE / "env.sh", "/bin/sh", "-c", "echo $WFLOW_XLA_PLUGIN"]
        environment = {**os.environ, "WFLOW_XLA_PLUGIN": __file__, **environment}
        return subprocess.run(command, env=environment, capture_output=True, text=True).stdout.strip()

    def test_no_compiler_no_xla(self):
        self.assertEqual(self.plugin(CGO_ENABLED="1"), __file__)
        self.assertEqual(self.plugin(CGO_ENABLED="0"), "")
        with tempfile.TemporaryDirectory() as tools:
            for name in ("go", "sed", "dirname"):
                Path(tools, name).symlink_to(shutil.which(name))
            self.assertEqual(self.plugin(PATH=tools), "")


    def test_the_users_godebug_stays(self):
        command = [HERE / "env.sh", "/bin/sh", "-c", "echo $GODEBUG"]
        for own, want in (("", "asyncpreemptoff=1\n"), ("gctrace=1", "asyncpreemptoff=1,gctrace=1\n")):
            done = subprocess.run(command, env={**os.environ, "GODEBUG": own}, capture_output=True, text=True)
            self.assertEqual(done.stdout, want)


class Serve(unittest.TestCase):
    def test_bad_ports(self):
        for port in ("abc", "99999", "0", "-1", "²"):
            done = subprocess.run([sys.executable, HERE / "serve.py", port, "no", HERE.parent], capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr, f"^\nlab: {port} is no port.\n     Fix: make lab PORT=8889")

    def test_signals_stop_it(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        for number in (signal.SIGTERM, signal.SIGINT):
            lab = subprocess.Popen(
                [sys.executable, HERE / "serve.py", str(port), "no", HERE.parent], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            timer = threading.Timer(NEVER, lab.kill)
            timer.daemon = True
            timer.start()
            lab.stdout.readline()
            self.assertIn(f"Ctrl-C or kill {lab.pid} stops the lab", lab.stdout.readline())
            lab.send_signal(number)
            said = lab.communicate()[1]
            timer.cancel()
            self.assertEqual(lab.returncode, 0, said)


class Run(unittest.TestCase):
    def run_cells(self, *sources, small=False):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder, "01-test.ipynb")
            nbformat.write(notebook(*sources), path)
            return run.run(path, run.smaller if small else None)

    def test_small(self):
        cells = ('import (\n\t"fmt"\n\t"os"\n)', "const n = 7500 // small: 60", '%%\nfmt.Println(n, os.Getenv("WFLOW_CACHE") != "")')
        ran, report = self.run_cells(*cells, small=True)
        self.assertEqual(report.problems, [])
        self.assertEqual(ran.cells[2].outputs[0].text, "60 true\n")
        self.assertEqual(len(report.cells), 3)
        self.assertGreater(report.peak_memory, 10e6)

    def test_compiler_text(self):
        _, report = self.run_cells('import "fmt"', "%%\nfmt.Println(nothing)")
        self.assertIn("undefined: nothing", report.problems[0])
        self.assertIn("cell 2 failed", report.problems[0])

    def test_declarations_are_compiled_and_not_run(self):
        cells = (
            'import "fmt"',
            'var x = func() int { fmt.Println("computed"); return 2 }()',
            "func f() int { return 3 * x }",
            'func init_it() { fmt.Println("begun") }\n\nfunc init() { fmt.Println("init") }',
            "type number int\n\nconst n number = 1",
            "%%\nfmt.Println(f(), n)",
        )
        ran, report = self.run_cells(*cells)
        self.assertEqual(report.problems, [])
        texts = ["".join(output.text for output in cell.outputs) for cell in ran.cells]
        self.assertEqual(texts, ["", "computed\n", "", "computed\ninit\nbegun\n", "", "computed\ninit\nbegun\n6 1\n"])
        _, report = self.run_cells('import "fmt"', "func g() int {\n\treturn nothing\n}")
        self.assertIn("undefined: nothing", report.problems[0])

    def test_panic(self):
        _, report = self.run_cells('import "fmt"', '%%\nfmt.Println("before")\npanic("the reason")')
        self.assertIn("panic: the reason", report.problems[0])

    def test_there_is_no_input(self):
        cells = (
            'import (\n\t"bufio"\n\t"os"\n\t"fmt"\n\t"github.com/janpfeifer/gonb/gonbui"\n)',
            "var x int\n%%\nfmt.Println(fmt.Scanln(&x))",
            "%%\nlines := bufio.NewScanner(os.Stdin)\nfmt.Println(lines.Scan(), lines.Err())",
            '%%\ngonbui.RequestInput("x: ", false)\nfmt.Println(fmt.Scanln(&x))',
            "!cat; echo end",
            "%with_inputs\n!cat; echo end",
        )
        ran, report = self.run_cells(*cells)
        self.assertEqual([p for p in report.problems if "shell command" not in p], [])
        texts = ["".join(output.text for output in cell.outputs) for cell in ran.cells]
        self.assertEqual(texts, ["", "0 EOF\n", "false <nil>\n", "0 EOF\n", "end\n", "end\n"])

    def test_files_left(self):
        _, report = self.run_cells('import "os"', '%%\nos.WriteFile("left.txt", nil, 0o600)')
        self.assertIn("left.txt", report.problems[0])
