"""Tests of completion, explanation and errors, in a browser."""

import re
import unittest

import browser

try:
    from playwright.sync_api import expect
except ImportError:  # the tests are left out, and say why
    pass

IMPORTS = 'import (\n\t"github.com/wflowlab/wflowlab/sinkhorn"\n\t"github.com/wflowlab/wflowlab/wflow"\n)'


class Help(browser.Test):
    def run_cell(self, i):
        """Runs a cell, again as long as the page does not take it: it drops what comes before its kernel is known."""
        while True:
            self.start(i)
            try:
                expect(self.cell(i).locator(".jp-InputPrompt")).to_have_text(re.compile(r"^\[(\*|\d+)\]:$"), timeout=10_000)
                return self.ended(i)
            except AssertionError:
                pass

    def items(self):
        """Returns what the list of completions shows, once it is there."""
        self.page.locator(".jp-Completer:not(.lm-mod-hidden) .jp-Completer-item").first.wait_for()
        return [item.inner_text().split("\n")[0].strip() for item in self.page.locator(".jp-Completer-item .jp-Completer-match").all()]

    def test_tab_lists_fields(self):
        self.new(IMPORTS, "")
        self.run_cell(0)
        self.type(1, "%%\np := sinkhorn.Problem{}\np.")
        self.page.keyboard.press("Tab")
        self.assertEqual(set(self.items()), {"X", "Y", "A", "B", "Cost", "MaskDiagonal"})
        self.picture(f"{self.id()}.dot")
        self.page.keyboard.type("Ma")
        self.page.keyboard.press("Enter")
        self.assertEqual(self.source(1), "%%\np := sinkhorn.Problem{}\np.MaskDiagonal")
        self.type(1, "%%\nf := wflow.Flow{")
        self.page.keyboard.press("Tab")
        self.assertIn("Field", self.items())
        self.picture(f"{self.id()}.literal")

    def test_shift_tab_shows_the_signature(self):
        self.new(IMPORTS, "")
        self.run_cell(0)
        self.type(1, "%%\nsinkhorn.Solve(cell.Context(), ")
        self.page.keyboard.press("Shift+Tab")
        for words in ("p sinkhorn.Problem", "argument 2 of 3", "Solve"):
            self.page.locator(".jp-Tooltip").filter(has_text=words).wait_for()

    def test_an_error_leads_to_its_line(self):
        blanks = ["// " + "\n// ".join("filling" for _ in range(20))] * 4
        self.new("func half(n int) int {\n\treturn 1 / n\n}", *blanks, "%%\nfmt.Println(half(0))", "%%\nx := 1\ny := wflow.Sinkhron{}")
        self.run_cell(0)
        text = self.run_cell(5)
        self.assertEqual(text.count("integer divide by zero"), 1, text)
        self.assertNotIn("goroutine 1", text)
        box = self.cell(5).locator(".jp-OutputArea")
        box.scroll_into_view_if_needed()
        self.picture(f"{self.id()}.panic")
        box.locator("summary").click()
        self.assertIn("goroutine 1", box.inner_text())
        self.picture(f"{self.id()}.trace")
        link = box.get_by_role("link", name=re.compile(r"Cell \[\d+\], line 2"))
        link.click()
        self.page.wait_for_function(
            "() => { const top = document.querySelector('.jp-Cell .cm-content').getBoundingClientRect().top; return 0 < top && top < innerHeight }"
        )
        text = self.run_cell(6)
        for words in ("declared and not used: x", "undefined: wflow", "Did you mean wflow.Sinkhorn?"):
            self.assertEqual(text.count(words), 1, text)


if __name__ == "__main__":
    unittest.main()
