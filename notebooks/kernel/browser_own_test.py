"""Tests of a reader's own cloud in notebook 03, in a browser."""

import shutil

import browser
import nbformat

NOTEBOOK, EXAMPLE = "03-particle-flows.ipynb", "heart.csv"


class OwnCloud(browser.Test):
    def setUp(self):
        super().setUp()
        shutil.copy(browser.ROOT / "notebooks" / NOTEBOOK, self.lab.folder)  # JupyterLab saves what a test before has typed
        self.open(NOTEBOOK)
        cells = nbformat.read(browser.ROOT / "notebooks" / NOTEBOOK, 4).cells
        [self.place] = [i for i, c in enumerate(cells) if c.cell_type == "code" and f'"{EXAMPLE}"' in c.source]
        self.text = cells[self.place].source

    def drag(self, name, text):
        """Drags a file from elsewhere into the list of files, as the system does, and waits until it is listed."""
        elsewhere = self.lab.folder.with_name("elsewhere")
        elsewhere.mkdir(exist_ok=True)
        (elsewhere / name).write_text(text)
        box = self.page.locator(".jp-DirListing-content:visible").bounding_box()
        at = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] - 40}
        data = {"items": [], "files": [str(elsewhere / name)], "dragOperationsMask": 1}
        devtools = self.page.context.new_cdp_session(self.page)
        for event in ("dragEnter", "dragOver", "drop"):
            devtools.send("Input.dispatchDragEvent", {"type": event, **at, "data": data})
        self.page.locator(".jp-DirListing-itemText", has_text=name).wait_for()

    def figures(self):
        return self.cell(self.place).locator(".jp-OutputArea img").count()

    def test_the_example_right_after_opening(self):
        self.assertEqual(self.run_cell(self.place).strip(), "Of 500 points, 300 are drawn at random.")
        self.assertEqual(self.figures(), 1)

    def test_a_file_dragged_into_the_list(self):
        for name, text, said, figures in (
            ("mine.csv", "x;y\n1,5;-2\n0,25;4\n3;1\n", "", 1),
            ("labels.csv", "x;y;label\n1,5;-2;0\n0,25;4;1\n", "toy: cloud labels.csv: has 3 columns", 0),
        ):
            self.drag(name, text)
            self.type(self.place, self.text.replace(EXAMPLE, name))
            shown = self.run_cell(self.place).strip()
            self.assertTrue(shown.startswith(said) if said else not shown, shown)
            self.assertEqual(self.figures(), figures, name)
