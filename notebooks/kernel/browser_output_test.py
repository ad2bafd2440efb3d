"""Tests of cells that print without end, and of cells that read, in a browser."""

import contextlib
import re
import threading
import time
import unittest

import browser
import psutil
from browser import NEVER
from playwright.sync_api import expect

LOOP = 'import "fmt"\n\n%%\nfor i := 0; ; i++ {\n\tfmt.Println("line", i)\n}'
MEMORY = 300e6  # bytes: most that the kernel itself may take
AT_ONCE = 10  # seconds: what a person does takes a tenth of it; this bound holds on a busy machine too


class Output(browser.Test):
    def setUp(self):
        super().setUp()
        self.peaks, stop = {"gonb": 0, "server": 0}, threading.Event()
        server = psutil.Process(self.lab.process.pid)

        def watch():
            while not stop.wait(0.1):
                with contextlib.suppress(psutil.NoSuchProcess):
                    kernels = [p for p in server.children(recursive=True) if p.name() == "gonb"]
                    for name, processes in (("gonb", kernels), ("server", [server])):
                        self.peaks[name] = max(self.peaks[name], *(p.memory_info().rss for p in processes), 0)

        thread = threading.Thread(target=watch)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)

    def tearDown(self):
        super().tearDown()
        print(f"{self.id().rpartition('.')[2]}: the kernel took {self.peaks['gonb'] / 1e6:.0f} MB, the server {self.peaks['server'] / 1e6:.0f} MB")
        self.assertLess(self.peaks["gonb"], MEMORY)
        self.assertNotIn("Traceback", self.lab.terminal.read_text())

    def frame(self):
        """Returns the seconds until the page has drawn itself anew."""
        return self.page.evaluate("""() => new Promise(drawn => {
            const start = performance.now()
            requestAnimationFrame(() => setTimeout(() => drawn((performance.now() - start) / 1000)))
        })""")

    def cut_off(self, i):
        """Waits until a cell says that its output is cut off."""
        expect(self.cell(i).locator(".jp-OutputArea")).to_contain_text("… output cut off", timeout=NEVER * 1000)

    def stop(self, i):
        """Interrupts a cell, and fails if it does not end at once."""
        start = time.monotonic()
        self.interrupt()
        self.ended(i)
        seconds = time.monotonic() - start
        print(f"interrupted after {seconds:.2f} s")
        self.assertLess(seconds, AT_ONCE)

    def test_ten_million_lines(self):
        self.new(LOOP.replace("i := 0; ; i++", "i := range 10_000_000"))
        self.start(0)
        slowest = 0
        while self.cell(0).locator(".jp-InputPrompt").inner_text() in ("", "[*]:"):
            slowest = max(slowest, self.frame())
        print(f"the page draws itself within {slowest:.2f} s")
        self.assertLess(slowest, AT_ONCE)
        area = self.cell(0).locator(".jp-OutputArea")
        said = re.compile(r"line 1999\s+… output cut off, 9,998,000 lines more; the first 100 MB written to \S+\.txt")
        expect(area).to_contain_text(said, timeout=NEVER * 1000)
        expect(area).not_to_contain_text("line 2000")

    def test_loops(self):
        display = 'import "github.com/janpfeifer/gonb/gonbui"\n\n%%\nfor {\n\tgonbui.DisplayHtml("<b>display</b>")\n}'
        long = 'import "fmt"\n\n%%\nfor {\n\tfmt.Print("no end ")\n}'
        self.new(LOOP, long, display, LOOP.replace("fmt.Println(", "fmt.Fprintln(os.Stderr, "))
        for i in range(4):
            self.start(i)
            if i == 2:  # JupyterLab shows 50 displays, and the others when asked to
                self.cell(i).get_by_role("button", name="Show more outputs").click()
            self.cut_off(i)
            time.sleep(2)  # it goes on: this gives memory the time to grow
            self.assertLess(self.frame(), AT_ONCE)
            self.assertIn("the cell goes on", self.output(i))
            self.stop(i)
            expect(self.cell(i).locator(".jp-OutputArea")).not_to_contain_text("the cell goes on", timeout=NEVER * 1000)

    def test_long_lines_break_between_words(self):
        self.new('import (\n\t"fmt"\n\t"strings"\n)\n\n%%\nfmt.Println(strings.Repeat("one word and another, ", 40))')
        self.run_cell(0)
        rows = self.cell(0).locator(".jp-OutputArea pre").evaluate("""pre => {
            const text = pre.firstChild, rows = []
            for (const word of text.data.matchAll(/\\w+/g)) {
                const range = document.createRange()
                range.setStart(text, word.index)
                range.setEnd(text, word.index + word[0].length)
                rows.push(range.getClientRects().length)
            }
            return rows
        }""")
        self.assertEqual(rows, [1] * 160)

    def test_the_tab_is_closed(self):
        self.new(LOOP, 'import "fmt"\n\n%%\nfmt.Println("alive")')
        self.start(0)
        self.cut_off(0)
        address, before = self.page.url, self.peaks["server"]
        self.page.close()
        time.sleep(5)
        self.assertLess(self.peaks["server"], before + 50e6)
        self.page = self.browser.contexts[-1].new_page()
        self.page.goto(self.lab.address(address.partition("?")[0].rpartition("/")[2]))
        self.page.locator(f"{browser.SHOWN} [data-jp-item-name=kernelName]", has_text="Go (gonb)").wait_for()
        start = time.monotonic()
        self.interrupt()
        self.page.locator(f"{browser.SHOWN} .jp-Notebook-ExecutionIndicator[data-status=idle]").wait_for()
        print(f"interrupted after {time.monotonic() - start:.2f} s")
        self.assertEqual(self.run_cell(1), "alive\n")


class Input(browser.Test):
    def test_scan(self):
        self.new('import "fmt"\n\nvar n int\n\n%%\nfor range 2 {\n\tfmt.Print("n = ")\n\tfmt.Scanln(&n)\n\tfmt.Println("its square is", n*n)\n}')
        self.start(0)
        for number in (7, 12):
            field = self.cell(0).locator("input.jp-Stdin-input")
            field.wait_for()
            self.picture(f"{self.id()}-{number}")
            answered = field.element_handle()
            field.fill(str(number))
            field.press("Enter")
            self.page.wait_for_function("field => !field.isConnected", arg=answered)
            expect(self.cell(0).locator(".jp-OutputArea")).to_contain_text(f"its square is {number * number}", timeout=NEVER * 1000)
        self.ended(0)

    def test_interrupt(self):
        self.new('import "fmt"\n\nvar n int\n\n%%\nfmt.Scanln(&n)', 'import "fmt"\n\n%%\nfmt.Println("alive")')
        self.start(0)
        self.cell(0).locator("input.jp-Stdin-input").wait_for()
        self.interrupt()
        self.ended(0)
        self.assertEqual(self.run_cell(1), "alive\n")


if __name__ == "__main__":
    unittest.main()
