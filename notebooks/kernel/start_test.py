"""Tests of the start page: that it says of the notebooks what is so."""

import re
import unittest
from pathlib import Path

import nbformat

NOTEBOOKS = Path(__file__).parent.parent
ROW = re.compile(r'<a href="(.+?)"><img src="(.+?)".*\n.*<a href="(.+?)"><b>(.+?)</b></a><br>.+<br><i>(.+)</i>')


def texts(name):
    return [cell.source for cell in nbformat.read(NOTEBOOKS / name, 4).cells if cell.cell_type == "markdown"]


class Start(unittest.TestCase):
    def setUp(self):
        self.page = "\n".join(texts("start.ipynb"))
        self.rows = ROW.findall(self.page)
        self.notebooks = sorted(path.name for path in NOTEBOOKS.glob("[0-9]*.ipynb"))

    def test_every_notebook_in_order(self):
        self.assertEqual([name for name, *_ in self.rows], self.notebooks)
        readme = (NOTEBOOKS.parent / "README.md").read_text()
        self.assertEqual(re.findall(r"\| \[\d\d\]\(notebooks/(.+?)\)", readme), self.notebooks)

    def test_a_row_is_what_the_notebook_says_itself(self):
        for name, picture, link, title, time in self.rows:
            head = texts(name)[0]
            self.assertEqual((link, f"# {title}"), (name, head.split("\n")[0]))
            self.assertRegex(head, rf"takes (about )?{time}")
            self.assertTrue((NOTEBOOKS / picture).exists(), picture)

    def test_what_is_missing_in_the_row(self):
        there = {name[:2] for name in self.notebooks}
        said = re.search(r"Not written yet: (.+?),? the paper", self.page)[1]
        wanted = [f"{i:02}" for i in range(1, int(max(there))) if f"{i:02}" not in there]
        self.assertEqual(re.findall(r"\d\d", said), wanted)


if __name__ == "__main__":
    unittest.main()
