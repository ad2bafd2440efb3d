"""Tests of run.py, and of the kernel through the Jupyter protocol. Part of make test."""

import os
import tempfile
import unittest
from pathlib import Path

import nbformat
import run
from jupyter_client.manager import start_new_kernel
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

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

    def test_panic(self):
        _, report = self.run_cells('import "fmt"', '%%\nfmt.Println("before")\npanic("the reason")')
        self.assertIn("panic: the reason", report.problems[0])

    def test_files_left(self):
        _, report = self.run_cells('import "os"', '%%\nos.WriteFile("left.txt", nil, 0o600)')
        self.assertIn("left.txt", report.problems[0])


class Kernel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.manager, cls.client = start_new_kernel(kernel_name="gonb", cwd=os.environ["WFLOW_ROOT"])
        imports = 'import (\n\t"github.com/wflowlab/wflowlab/sinkhorn"\n\t"github.com/wflowlab/wflowlab/wflow"\n)'
        reply = cls.client.execute(imports, reply=True, timeout=120)
        assert reply["content"]["status"] == "ok", reply["content"]

    @classmethod
    def tearDownClass(cls):
        cls.client.stop_channels()
        cls.manager.shutdown_kernel()

    def complete(self, source):
        """Returns the completions at | in a cell."""
        reply = self.client.complete(source.replace("|", ""), source.index("|"), reply=True, timeout=60)
        return reply["content"]["matches"]

    def inspect(self, source):
        """Returns what the kernel shows for the name at | in a cell."""
        reply = self.client.inspect(source.replace("|", ""), source.index("|"), reply=True, timeout=60)
        return str(reply["content"]["data"])

    def test_completion(self):
        self.assertIn("Sinkhorn", self.complete("%%\nfield := wflow.Sin|"))
        self.assertIn("Solve", self.complete("func f() {\n\tsinkhorn.So|\n}"))
        self.assertIn("MaskDiagonal", self.complete("%%\np := sinkhorn.Problem{}\np.|"))

    def test_hover(self):
        self.assertIn("Problem asks for", self.inspect("%%\np := sinkhorn.Pro|blem{}\n_ = p"))
        self.assertIn("Sinkhorn", self.inspect("%%\nf := wflow.Sink|horn{}\n_ = f"))
