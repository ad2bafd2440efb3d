"""Tests of the lab as a visitor meets it, in a browser."""

import unittest

import browser


class Cells(browser.Test):
    def test_a_cell_runs(self):
        self.new()
        self.type(0, 'import "fmt"\n\n%%\nfmt.Println("six times seven is", 6*7)')
        self.assertEqual(self.run_cell(0), "six times seven is 42\n")


if __name__ == "__main__":
    unittest.main()
