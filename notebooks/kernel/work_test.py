"""Tests of the working copies: copied, changed, updated, in all combinations."""

import json
import tempfile
import unittest
from pathlib import Path

import work
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, writes

NAME, BESIDE = "03-flows.ipynb", "03-flows.new.ipynb"


def notebook(code, output="", words="words"):
    outputs = [new_output("stream", text=output)] if output else []
    cells = [new_markdown_cell(words, id="a"), new_code_cell(code, id="b", outputs=outputs)]
    return writes(new_notebook(cells=cells))


class Work(unittest.TestCase):
    def setUp(self):
        place = tempfile.TemporaryDirectory()
        self.addCleanup(place.cleanup)
        self.source, self.folder = Path(place.name, "notebooks"), Path(place.name, "notebooks", "work")
        (self.source / "pictures").mkdir(parents=True)
        for machinery in ("kernel", "cell"):
            (self.source / machinery).mkdir()
            (self.source / machinery / "x.ipynb").write_text("{}")
        (self.source / "accept.json").write_text("{}")
        (self.source / "pictures" / "03.png").write_bytes(b"picture 1")
        self.deliver(notebook("code 1", "output 1"))
        self.update()

    def deliver(self, text, name=NAME):
        (self.source / name).write_text(text)

    def change(self, text, name=NAME):
        (self.folder / name).write_text(text)

    def update(self):
        """Returns what an update says. A second one right after it says and does nothing."""
        said = work.update(self.source, self.folder)
        left = self.files()
        self.assertEqual(work.update(self.source, self.folder), [])
        self.assertEqual(self.files(), left)
        return said

    def files(self):
        names = {path for path in self.folder.rglob("*") if path.is_file() and path.name != work.RECORD}
        return {str(path.relative_to(self.folder)): path.read_text() for path in names}

    def has(self, **notebooks):
        """Fails unless these notebooks are there, and no other. _ stands for the name and new for the one beside it."""
        names = {"_": NAME, "new": BESIDE, "new2": "03-flows.new2.ipynb"}
        found = {name: text for name, text in self.files().items() if name.endswith(".ipynb")}
        self.assertEqual(found, {names[key]: text for key, text in notebooks.items()})

    def test_no_machinery_is_copied(self):
        self.assertEqual(set(self.files()), {NAME, "pictures/03.png"})

    def test_a_copy_that_was_not_changed(self):
        self.deliver(notebook("code 2", "output 2"))
        self.assertEqual(self.update(), [f"new versions: {NAME}"])
        self.has(_=notebook("code 2", "output 2"))

    def test_a_copy_that_was_only_run(self):
        for ran in (notebook("code 1", "another output"), notebook("code 1")):
            self.change(ran)
            self.assertEqual(self.update(), [])
            self.has(_=ran)
        self.deliver(notebook("code 2", "output 2"))
        self.assertEqual(self.update(), [f"new versions: {NAME}"])
        self.has(_=notebook("code 2", "output 2"))

    def test_new_outputs_of_the_same_code(self):
        self.deliver(notebook("code 1", "output 2"))
        self.assertEqual(self.update(), [f"new versions: {NAME}"])
        self.has(_=notebook("code 1", "output 2"))

    def test_a_copy_that_was_changed(self):
        for mine in (notebook("mine"), notebook("code 1", words="mine"), "not a notebook", "[1]", '{"cells": [3]}'):
            self.change(mine)
            self.assertEqual(self.update(), [])
            self.has(_=mine)
        self.deliver(notebook("code 2"))
        self.assertRegex("".join(self.update()), f"you have changed {NAME}.*{BESIDE}")
        self.has(_=mine, new=notebook("code 2"))

    def test_the_version_beside(self):
        self.change(notebook("mine"))
        self.deliver(notebook("code 2"))
        self.update()
        with self.subTest("is replaced by the next"):
            self.deliver(notebook("code 3"))
            self.update()
            self.has(_=notebook("mine"), new=notebook("code 3"))
        with self.subTest("stays away when it was deleted"):
            (self.folder / BESIDE).unlink()
            self.assertEqual(self.update(), [])
            self.has(_=notebook("mine"))
        with self.subTest("stays when it was changed too"):
            self.deliver(notebook("code 4"))
            self.update()
            self.change(notebook("mine too"), BESIDE)
            self.deliver(notebook("code 5"))
            self.update()
            self.has(_=notebook("mine"), new=notebook("mine too"), new2=notebook("code 5"))

    def test_the_version_beside_takes_the_place_of_the_readers(self):
        self.change(notebook("mine"))
        self.deliver(notebook("code 2"))
        self.update()
        (self.folder / BESIDE).rename(self.folder / NAME)
        self.assertEqual(self.update(), [])
        self.deliver(notebook("code 3"))
        self.update()
        self.has(_=notebook("code 3"))

    def test_the_reader_and_the_authors_made_the_same_change(self):
        self.change(notebook("code 2", "my output"))
        self.deliver(notebook("code 2", "output 2"))
        self.assertEqual(self.update(), [f"new versions: {NAME}"])
        self.has(_=notebook("code 2", "output 2"))

    def test_a_deleted_copy_comes_back_fresh(self):
        self.change(notebook("mine"))
        (self.folder / NAME).unlink()
        self.update()
        self.has(_=notebook("code 1", "output 1"))

    def test_a_notebook_that_is_no_longer_delivered(self):
        (self.source / NAME).rename(self.source / "04-flows.ipynb")
        said = "".join(self.update())
        self.assertIn("new versions: 04-flows.ipynb", said)
        self.assertIn(f"{NAME} is no longer among the notebooks", said)
        self.assertEqual(set(self.files()), {"04-flows.ipynb", "pictures/03.png"})

    def test_a_changed_notebook_that_is_no_longer_delivered(self):
        self.change(notebook("mine"))
        (self.source / NAME).unlink()
        self.assertEqual(self.update(), [])
        self.has(_=notebook("mine"))

    def test_files_of_the_readers_own(self):
        self.change("x,y\n", "mine.csv")
        self.change(notebook("mine"), "05-later.ipynb")
        self.deliver(notebook("code 1"), "05-later.ipynb")
        self.update()
        files = self.files()
        self.assertEqual(files["mine.csv"], "x,y\n")
        self.assertEqual(files["05-later.ipynb"], notebook("mine"))
        self.assertEqual(files["05-later.new.ipynb"], notebook("code 1"))

    def test_pictures(self):
        (self.source / "pictures" / "03.png").write_bytes(b"picture 2")
        self.update()
        self.assertEqual(self.files()["pictures/03.png"], "picture 2")

    def test_a_lost_record(self):
        self.change(notebook("mine"))
        for lose in (lambda record: record.unlink(), lambda record: record.write_text("{")):
            lose(self.folder / work.RECORD)
            self.assertRegex("".join(self.update()), f"you have changed {NAME}")
            self.has(_=notebook("mine"), new=notebook("code 1", "output 1"))

    def test_an_interruption_before_the_record_is_written(self):
        record = (self.folder / work.RECORD).read_text()
        self.deliver(notebook("code 2"))
        self.update()
        (self.folder / work.RECORD).write_text(record)
        self.update()
        self.has(_=notebook("code 2"))
        self.assertEqual(len(json.loads((self.folder / work.RECORD).read_text())), 2)


if __name__ == "__main__":
    unittest.main()
