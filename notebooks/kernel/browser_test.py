"""Tests of the lab as a visitor meets it, in a browser: the first screen, working copies, and the login page."""

import json
import re
import statistics
import subprocess
import tempfile
import time
import unittest
from pathlib import Path

import browser
from browser import NEVER, ROOT, SHOWN

TRY = 1  # the cell to try, on the start page
BUSY = 60  # seconds: what the times below may be on a machine that has much else to do


class FirstScreen(browser.Test):
    def setUp(self):
        super().setUp()
        self.page.goto(self.lab.address())
        self.ready()

    def figure(self):
        """Returns the figure that the cell to try shows."""
        return self.cell(TRY).locator(".jp-OutputArea img").get_attribute("src")

    def test_what_it_shows(self):
        self.assertEqual(self.page.locator(".lm-DockPanel-tabBar .lm-mod-current").inner_text().strip(), "start.ipynb")
        self.assertEqual(self.page.locator(".jp-Dialog").count(), 0)
        images = self.page.locator(f"{SHOWN} .jp-MarkdownOutput img")
        self.assertEqual(images.count(), len(list((ROOT / "notebooks").glob("[0-9]*.ipynb"))))
        for image in images.all():
            image.scroll_into_view_if_needed()
            self.page.wait_for_function("image => image.complete && image.naturalWidth > 0", arg=image.element_handle())

    def test_the_file_list(self):
        names = [name.strip() for name in self.page.locator(".jp-DirListing-itemText").all_inner_texts()]
        delivered = [path.name for path in (ROOT / "notebooks").iterdir() if path.suffix in (".ipynb", ".csv")]
        self.assertCountEqual(names, delivered)

    def test_the_first_figure_of_ones_own(self):
        before, start = self.figure(), time.monotonic()
        self.blank(TRY)
        self.cell(TRY).locator(".cm-content").click()
        self.page.locator(f"{SHOWN} [data-jp-item-name=run]").click()
        self.ended(TRY)
        self.assertEqual(self.cell(TRY).locator(".jp-OutputArea img").count(), 1)
        print(f"first screen to a first figure: 2 clicks, {time.monotonic() - start:.1f} s (want 5 s, warm)", flush=True)
        self.assertLess(time.monotonic() - start, BUSY)
        self.type(TRY, self.source(TRY).replace("TwoMoons", "Rings"))
        self.run_cell(TRY)
        self.assertNotEqual(self.figure(), before)

    def test_warm_cells(self):
        source, seconds = self.source(TRY), []
        for seed in range(1, 8):
            self.type(TRY, source.replace("Sample(1, 300)", f"Sample({seed}, 300)"))
            start = time.monotonic()
            self.run_cell(TRY)
            seconds.append(time.monotonic() - start)
        warm = statistics.median(seconds[1:])
        print(f"a warm cell that moves particles and draws: median {warm:.2f} s (want 0.5 s)", flush=True)
        self.assertLess(warm, BUSY)

    def test_a_link_opens_a_notebook(self):
        self.page.get_by_role("link", name="03. What do").click()
        self.page.locator(".lm-DockPanel-tabBar .lm-mod-current", has_text="03-particle-flows.ipynb").wait_for()
        self.page.locator(f"{SHOWN} h1", has_text="What do four velocity fields").wait_for()

    def test_a_narrow_window(self):
        self.page.set_viewport_size({"width": 720, "height": 800})
        for image in self.page.locator(f"{SHOWN} .jp-MarkdownOutput img").all():
            image.scroll_into_view_if_needed()
            panel, box = self.page.locator(SHOWN).bounding_box(), image.bounding_box()
            self.assertLessEqual(box["x"] + box["width"], panel["x"] + panel["width"])
            self.assertGreaterEqual(box["width"], 100)


class Copies(browser.Test):
    @classmethod
    def new_lab(cls):
        place = tempfile.TemporaryDirectory()
        cls.addClassCleanup(place.cleanup)
        cls.clone = Path(place.name, "wflowlab")
        subprocess.run(["git", "clone", "-q", ROOT, cls.clone], check=True)
        return browser.Lab(cls.clone / "notebooks" / "work")

    def test_running_and_saving_changes_no_tracked_file(self):
        for name, cell in (("start.ipynb", TRY), ("03-particle-flows.ipynb", 1)):
            copy = self.lab.folder / name
            before = copy.read_text()
            self.open(name)
            self.type(cell, f"// changed\n{self.source(cell)}")
            self.run_cell(cell)
            self.save()
            late = time.monotonic() + NEVER
            while copy.read_text() == before:
                self.assertLess(time.monotonic(), late, "nothing was saved")
                self.page.wait_for_timeout(50)
            self.assertIn("// changed", "".join(json.loads(copy.read_text())["cells"][cell]["source"]))
        status = subprocess.run(["git", "status", "--porcelain"], cwd=self.clone, capture_output=True, text=True, check=True)
        self.assertEqual(status.stdout, "")


class Login(browser.Test):
    def says(self, words):
        self.page.get_by_text(words).first.wait_for()

    def test_a_wrong_token_says_so(self):
        self.page.goto(f"{self.lab.base}/?token=wrong")
        self.says("That is not the token of this lab.")
        self.says("make lab")
        self.page.locator("input[name=password]").fill("wrong too")
        self.page.locator("#login_submit").click()
        self.says("That is not the token of this lab.")
        self.page.locator("input[name=password]").fill(self.lab.token)
        self.page.locator("#login_submit").click()
        self.ready()

    def test_without_a_token_nothing_is_wrong_yet(self):
        self.page.goto(f"{self.lab.base}/lab")
        self.says("Token")
        self.assertEqual(self.page.get_by_text("That is not the token").count(), 0)

    def test_the_command_that_it_names_prints_the_address(self):
        self.page.goto(f"{self.lab.base}/lab")
        self.says(f"make lab PORT={self.lab.base.rpartition(':')[2]}")
        done = subprocess.run(self.lab.command, env=self.lab.environment, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        self.assertIn(re.search(r"http\S+", self.lab.said)[0], done.stdout)


if __name__ == "__main__":
    unittest.main()
