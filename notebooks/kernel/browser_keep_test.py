"""Changed numbers and interrupted trainings, as one sees them in JupyterLab."""

import browser
import keep_test
from browser import NEVER
from playwright.sync_api import expect


class Kept(browser.Test):
    def test_a_changed_number(self):
        """Only the figure's cell runs after a change: it says what differs and which cell to run. A check that fails is one line."""
        old, new = (keep_test.PARAMETERS.format(epsilon=epsilon, frames=1) for epsilon in (0.1, 0.5))
        self.new(keep_test.IMPORTS, old, keep_test.FLOW, keep_test.KEEP, keep_test.FIGURE, keep_test.CHECK)
        for i in range(4):
            self.run_cell(i)
        self.assertEqual(self.run_cell(4).strip(), "figure of 0.1")
        self.type(1, new)
        self.run_cell(1)
        said = self.run_cell(4)
        self.assertIn("epsilon was 0.1 and is 0.5. Run again the cell that begins “x := flow()”", said)
        self.assertNotIn("figure of 0", said)
        self.run_cell(3)
        self.assertEqual(self.run_cell(4).strip(), "figure of 0.5")
        said = self.run_cell(5)
        self.assertIn("✗ flow: 0.5, the notebook as delivered keeps ≤ 0.2", said)
        self.assertNotIn("panic", said)

    def test_an_interrupted_training(self):
        self.new(keep_test.IMPORTS, keep_test.TRAINING, keep_test.TRAIN, keep_test.REACHED)
        self.run_cell(0)
        self.run_cell(1)
        self.start(2)
        expect(self.cell(2).locator(".jp-OutputArea")).to_contain_text("at the gate", timeout=NEVER * 1000)
        self.interrupt()
        said = self.ended(2)
        self.assertIn("The training of one was interrupted after step 5 of 9. What it has learnt so far is kept", said)
        self.assertNotIn("panic", said)
        self.assertIn("reached 5 and 0 with 5 rows", self.run_cell(3))
        self.start(2)
        expect(self.cell(2).locator(".jp-OutputArea")).to_contain_text("The training of one goes on after step 5 of 9.", timeout=NEVER * 1000)
        expect(self.cell(2).locator(".jp-OutputArea")).to_contain_text("at the gate", timeout=NEVER * 1000)
        self.interrupt()
        self.ended(2)
        self.assertIn("The training of two goes on after step 5 of 9.", self.run_cell(2))
        said = self.run_cell(3)
        self.assertIn("reached 9 and 9 with 9 rows", said)
        self.assertNotIn("interrupted", said)
