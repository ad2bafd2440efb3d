"""Tests of the cell of notebook 03 into which a reader puts a cloud of their own."""

import os
import random
import shutil
import tempfile
import unittest
from pathlib import Path

import nbformat
from jupyter_client.manager import start_new_kernel
from kernel_test import NEVER

NOTEBOOK = Path(os.environ["WFLOW_ROOT"], "notebooks", "03-particle-flows.ipynb")
EXAMPLE = "heart.csv"


class OwnCloud(unittest.TestCase):
    """Runs this cell alone, in kernels that have run no other, in a folder of the reader's."""

    @classmethod
    def setUpClass(cls):
        [cls.cell] = [c.source for c in nbformat.read(NOTEBOOK, 4).cells if c.cell_type == "code" and f'"{EXAMPLE}"' in c.source]

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.manager, self.client = start_new_kernel(NEVER, kernel_name="gonb", cwd=folder.name)
        self.addCleanup(self.manager.shutdown_kernel, now=True)
        self.addCleanup(self.client.stop_channels)

    def run_cell(self, name):
        """Returns what the cell prints for a file of this name, and how many figures it shows."""
        messages = []
        source = self.cell.replace(EXAMPLE, name)
        reply = self.client.execute_interactive(source, timeout=NEVER, output_hook=messages.append)
        contents = [m["content"] for m in messages if m["msg_type"] in ("stream", "display_data", "error")]
        self.assertEqual(reply["content"]["status"], "ok", contents)
        return "".join(c.get("text", "") for c in contents), sum("image/png" in c.get("data", {}) for c in contents)

    def shows(self, name, text):
        """Fails if the cell does not show one figure, without a word, for a file that holds the text."""
        (self.folder / name).write_text(text)
        self.assertEqual(self.run_cell(name), ("", 1), name)

    def refuses(self, name, words):
        """Fails if what the cell says is not one line that holds the words once, or if it draws."""
        said, figures = self.run_cell(name)
        self.assertEqual((said.count("\n"), figures, said.count(words)), (1, 0, 1), said)

    def test_right_after_opening(self):
        shutil.copy(NOTEBOOK.with_name(EXAMPLE), self.folder)
        self.assertEqual(self.run_cell(EXAMPLE), ("Of 500 points, 300 are drawn at random.\n", 1))

    def test_files_of_many_kinds(self):
        self.shows("commas.csv", "x,y\n1.5,-2\n0.25,4\n3,1\n")
        self.shows("semicolons.csv", "x;y\n1,5;-2\n0,25;4\n3;1\n")
        self.shows("tabs.tsv", "1,5\t-2\n0,25\t4,0\n3\t1\n")
        self.shows("spaces.txt", "1.5 -2\n0.25 4\n3 1\n")
        self.shows("point.csv", "x,y\n3,4\n")
        self.shows("line.csv", "x,y\n3,4\n3,5\n3,7\n")
        self.shows("units.csv", "x,y\n1e-9,2e12\n3e-9,1e12\n2e-9,9e12\n")
        (self.folder / "own").mkdir()
        self.shows("own/below.csv", "1.5,-2\n0.25,4\n3,1\n")

    def test_what_is_no_cloud_of_the_plane(self):
        for name, text, words in (
            ("labels.csv", "x,y,label\n1.5,-2,0\n0.25,4,1\n", "labels.csv: has 3 columns (the first row begins with [1.5 -2 0]), want 2"),
            ("words.csv", "x;y\n1,5;-2\n0,25;four\n", 'words.csv: row 1 (line 3), column 1: "four" is not a finite decimal number'),
            ("ragged.csv", "1.5,-2\n0.25,4\n3\n", "ragged.csv: row 2 (line 3) has 1 columns, want 2 as in the first line"),
            ("both.csv", "1.5;-2\n0,25;4\n", 'column 0: "0,25" has a comma, and row 0 (line 1), column 0: "1.5" a point'),
            ("empty.csv", "", "empty.csv: no rows of numbers"),
            ("sheet.xlsx", "PK", 'want a file with the extension .csv, .tsv, .txt, .dat, .npy or .npz, not ".xlsx"'),
        ):
            (self.folder / name).write_text(text)
            self.refuses(name, words)
        self.refuses("none.csv", f"open none.csv: no such file or directory in {self.folder.resolve()}")

    def test_many_points_far_away(self):
        numbers = random.Random(1)
        rows = [f"{numbers.gauss(5e6, 2e3):.3f},{numbers.gauss(-3, 1e-4):.9f}\n" for _ in range(100_000)]
        (self.folder / "many.csv").write_text("".join(rows))
        said, figures = self.run_cell("many.csv")
        self.assertEqual((said, figures), ("Of 100000 points, 300 are drawn at random.\n", 1))
