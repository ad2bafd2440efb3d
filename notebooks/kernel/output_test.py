"""Tests of what a cell prints, displays and reads, and of what is left when the kernel is killed, through the Jupyter protocol."""

import os
import re
import tempfile
import threading
import time
from pathlib import Path

import psutil
from kernel_test import NEVER, Fresh

LINES, BYTES, DISPLAYS = 2_000, 200_000, 1_000  # gonb/output
MEMORY = 300e6  # bytes: most that the kernel itself may take
AT_ONCE = 10  # seconds: an interrupt takes a tenth of it; this bound holds on a busy machine too
IMPORTS = 'import (\n\t"bufio"\n\t"fmt"\n\t"os"\n\t"strings"\n\t"time"\n\t"github.com/janpfeifer/gonb/gonbui"\n)\n\n'


class Shown:
    """What a front end shows of a cell: the text of each stream, and displays by their id."""

    def __init__(self):
        self.text, self.displays, self.messages = {"stdout": "", "stderr": ""}, {}, 0

    def take(self, message):
        kind, content = message["msg_type"], message["content"]
        self.messages += 1
        if kind == "stream":
            self.text[content["name"]] += content["text"]
        elif kind in ("display_data", "update_display_data"):
            id = content["transient"].get("display_id", len(self.displays))
            assert (id in self.displays) == (kind == "update_display_data"), content
            self.displays[id] = content["data"]

    def texts(self):
        """Returns the text of each display."""
        return [data.get("text/plain", "") for data in self.displays.values()]

    def notice(self):
        """Returns the line that says what is cut off."""
        return next((text for text in self.texts() if text.startswith("… output cut off")), "")


class Bounded(Fresh):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = Path(folder.name)
        before = os.environ["WFLOW_CACHE"]
        os.environ["WFLOW_CACHE"] = folder.name
        self.addCleanup(os.environ.update, WFLOW_CACHE=before)
        super().setUp()
        self.kernel = psutil.Process(self.manager.provisioner.pid)
        self.shown = {}
        self.peak, stop = 0, threading.Event()

        def watch():
            while not stop.wait(0.02):
                self.peak = max(self.peak, self.kernel.memory_info().rss)

        thread = threading.Thread(target=watch)
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(stop.set)

    def tearDown(self):
        print(f"{self.id().rpartition('.')[2]}: the kernel took {self.peak / 1e6:.0f} MB", flush=True)
        self.assertLess(self.peak, MEMORY)

    def see(self, id, until=lambda shown: False):
        """Returns what a cell shows, as soon as this will do, or once the cell has ended."""
        shown = self.shown.setdefault(id, Shown())
        while not until(shown):
            message = self.client.get_iopub_msg(timeout=NEVER)
            parent = message["parent_header"].get("msg_id")
            self.shown.setdefault(parent, Shown()).take(message)
            if parent == id and message["content"].get("execution_state") == "idle":
                break
        return shown

    def run_cell(self, source):
        """Runs a cell to its end. Returns its status and what it shows."""
        id = self.execute(source)
        return self.reply(id)["status"], self.see(id)

    def kept(self, notice):
        """Returns the file that a notice names."""
        found = re.search(r"written to \$WFLOW_CACHE/(output/\d+-\d+\.txt)$", notice)
        self.assertTrue(found, notice)
        return self.cache / found[1]

    def test_ten_million_lines(self):
        start = time.monotonic()
        status, shown = self.run_cell(IMPORTS + "%%\nfor i := range 10_000_000 {\n\tfmt.Println(i)\n}")
        print(f"10,000,000 lines: {time.monotonic() - start:.1f} s, {shown.messages} messages", flush=True)
        self.assertEqual(status, "ok")
        self.assertEqual(shown.text["stdout"], "".join(f"{i}\n" for i in range(LINES)))
        self.assertRegex(shown.notice(), r"^… output cut off, 9,998,000 lines more; written to ")
        with self.kept(shown.notice()).open() as file:
            i = -1
            for i, line in enumerate(file):
                self.assertEqual(line, f"{i}\n")
            self.assertEqual(i, 9_999_999)

    def test_one_line_of_ten_million_bytes(self):
        status, shown = self.run_cell(IMPORTS + '%%\nfmt.Println(strings.Repeat("é", 5_000_000))\nfmt.Fprintln(os.Stderr, "after it")')
        self.assertEqual(status, "ok")
        self.assertEqual(shown.text["stdout"], "é" * (BYTES // 2))
        self.assertEqual(shown.text["stderr"], "after it\n")
        self.assertRegex(shown.notice(), "^… output cut off, 1 line more; ")
        self.assertEqual(self.kept(shown.notice()).stat().st_size, 10_000_001 + len("after it\n"))

    def test_commands(self):
        status, shown = self.run_cell("!yes line | head -n 3000\n!yes line | head -n 3000 >&2; echo end")
        self.assertEqual(status, "ok")
        self.assertEqual(shown.text["stdout"], "line\n" * LINES)
        self.assertEqual(shown.text["stderr"], "line\n" * LINES)
        self.assertRegex(shown.notice(), "^… output cut off, 2,001 lines more; ")
        status, shown = self.run_cell("%%bash\nyes line | head -n 2500")
        self.assertRegex(shown.notice(), "^… output cut off, 500 lines more; ")

    def test_why_it_failed_is_shown(self):
        loop = '%%\nfor range 100_000 {\n\tfmt.Println("line")\n}\npanic("the reason")'
        status, shown = self.run_cell(IMPORTS + loop)
        self.assertEqual(status, "error")
        self.assertIn("panic: the reason", "".join(shown.texts()))

    def test_a_kernel_keeps_one_file(self):
        notices = [self.run_cell("!yes | head -n 3000")[1].notice() for _ in range(3)]
        self.assertEqual(len(set(notices)), 3)
        self.assertEqual(list((self.cache / "output").iterdir()), [self.kept(notices[2])])

    def test_characters_are_whole(self):
        source = IMPORTS + '%%\nfor _, b := range []byte("aé€𝄞") {\n\tos.Stdout.Write([]byte{b})\n\ttime.Sleep(100 * time.Millisecond)\n}'
        self.assertEqual(self.run_cell(source)[1].text["stdout"], "aé€𝄞")

    def test_displays(self):
        source = IMPORTS + '%%\nfor i := range 50_000 {\n\tgonbui.DisplayHtmlf("<b>%d</b>", i)\n}\ngonbui.Sync()'
        status, shown = self.run_cell(source)
        self.assertEqual(status, "ok")
        html = [data["text/html"] for data in shown.displays.values() if "text/html" in data]
        self.assertEqual(html, [f"<b>{i}</b>" for i in range(DISPLAYS)])
        self.assertEqual(shown.notice(), "… output cut off, 49,000 displays more, not kept")

    def test_updates(self):
        source = IMPORTS + '%%\nfor i := range 100_000 {\n\tgonbui.UpdateHtml("bar", fmt.Sprint(i))\n\tgonbui.UpdateHtml("other", fmt.Sprint(-i))\n}\ngonbui.Sync()'
        start = time.monotonic()
        status, shown = self.run_cell(source)
        seconds = time.monotonic() - start
        self.assertEqual(status, "ok")
        self.assertEqual([shown.displays[id]["text/html"] for id in ("bar", "other")], ["99999", "-99999"])
        self.assertLess(shown.messages, 200 + 30 * seconds)
        self.assertEqual(shown.notice(), "")

    def test_loops_are_interrupted(self):
        cut = lambda shown: shown.notice()  # noqa: E731
        print_, error, display = 'fmt.Println("a line")', 'fmt.Fprintln(os.Stderr, "a line")', 'gonbui.DisplayHtml("<b>a display</b>")'
        for body, until in (
            (print_, cut),
            (error, cut),
            (f"{print_}\n{error}", cut),
            ('fmt.Print("no end ")', cut),
            ('fmt.Fprint(os.Stderr, "no end ")', cut),
            (display, cut),
            (f"{print_}\n{display}", cut),
            ('gonbui.UpdateHtml("bar", time.Now().String())', lambda shown: shown.messages > 150),
            ('gonbui.UpdateHtml("other", time.Now().String())\ngonbui.Sync()', lambda shown: shown.messages > 150),
            ("!yes", cut),
            ("!yes >&2", cut),
        ):
            source = body if body[0] == "!" else IMPORTS + "%%\nfor {\n" + body + "\n}"
            id = self.execute(source)
            self.see(id, until)
            time.sleep(1)  # it goes on: this gives memory the time to grow
            start = time.monotonic()
            self.manager.interrupt_kernel()
            self.assertEqual(self.reply(id)["status"], "error", body)
            self.see(id)
            seconds = time.monotonic() - start
            print(f"interrupted after {seconds:.2f} s: {body!r}", flush=True)
            self.assertLess(seconds, AT_ONCE, body)
            self.assertEqual(self.run_cell("!echo alive")[1].text["stdout"], "alive\n")


class Compiling(Fresh):
    def begun_cell(self, source):
        """Starts a cell, and returns once the kernel is at it."""
        id = self.execute(source)
        while True:
            message = self.client.get_iopub_msg(timeout=NEVER)
            if message["msg_type"] == "execute_input" and message["parent_header"]["msg_id"] == id:
                return id

    def test_interrupts_at_any_moment(self):
        source = IMPORTS + '%%\nfmt.Println("started {}")\ntime.Sleep(time.Hour)\nfmt.Println("ended")'
        start = time.monotonic()
        first = self.execute(source.format("once"))
        self.listen(first, "started")
        whole = time.monotonic() - start
        self.manager.interrupt_kernel()
        self.reply(first)  # an interrupt counts for all cells that came before it, the next one too if it overtakes it
        slowest, before = 0, 0
        for i in range(20):
            cell = self.begun_cell(source.format(i))
            time.sleep(whole * i / 20)
            start = time.monotonic()
            self.manager.interrupt_kernel()
            self.assertEqual(self.reply(cell)["status"], "error", i)
            slowest = max(slowest, time.monotonic() - start)
            said = self.listen(cell, None)
            self.assertNotIn("ended", said)
            before += "started" not in said
        print(f"20 of 20 interrupts in {slowest:.2f} s at most, {before} before the cell ran", flush=True)
        self.assertLess(slowest, AT_ONCE)
        self.assertGreater(before, 0)

    def test_a_killed_kernel_leaves_no_compiler(self):
        kernel = psutil.Process(self.manager.provisioner.pid)
        self.hold("build -o")
        self.execute('%%\nfmt.Println("started")')
        compiler = self.held()
        processes = kernel.children(recursive=True)
        self.assertIn(compiler, processes)
        self.assertIn("gopls", [process.name() for process in processes])
        kernel.kill()
        self.all_end(processes)


class Input(Fresh):
    def answered(self, source, *answers):
        """Runs a cell, typing these answers. Returns what it says, and how often it asked."""
        said, asked, answers = [], [], list(answers)

        def answer(message):
            asked.append(message["content"])
            self.client.input(answers.pop(0))

        reply = self.client.execute_interactive(
            IMPORTS + source, timeout=NEVER, allow_stdin=True, stdin_hook=answer, output_hook=lambda m: said.append(m["content"].get("text", ""))
        )
        self.assertEqual(reply["content"]["status"], "ok", said)
        return "".join(said), len(asked)

    def test_scan(self):
        scan = 'var n int\n%%\nfmt.Print("n = ")\nfmt.Scanln(&n)\nfmt.Println(n * n)'
        self.assertEqual(self.answered(scan, "7"), ("n = 49\n", 1))

    def test_several_reads(self):
        lines = "%%\nlines := bufio.NewScanner(os.Stdin)\nfor lines.Scan() && lines.Text() != \"\" {\n\tfmt.Println(strings.ToUpper(lines.Text()))\n}"
        self.assertEqual(self.answered(lines, "one", "zwei", "trois", ""), ("ONE\nZWEI\nTROIS\n", 4))
        late = "%%\nvar a, b string\nfmt.Scanln(&a)\ntime.Sleep(2 * time.Second)\nfmt.Scanln(&b)\nfmt.Println(a + b)"
        self.assertEqual(self.answered(late, "x", "y"), ("xy\n", 2))

    def test_who_does_not_read_is_not_asked(self):
        self.assertEqual(self.answered("%%\ntime.Sleep(time.Second)"), ("", 0))
        named = "func ask() (n int) {\n\tfmt.Scanln(&n)\n\treturn\n}\n\n%%\ntime.Sleep(2 * time.Second)\nif len(os.Args) > 9 {\n\task()\n}"
        self.assertEqual(self.answered(named), ("", 0))

    def test_interrupt_while_it_waits(self):
        source = IMPORTS + 'var n int\n%%\nfmt.Scanln(&n)\nfmt.Println("read")'
        first = self.client.execute(source, allow_stdin=True)
        self.client.get_stdin_msg(timeout=NEVER)
        start = time.monotonic()
        self.manager.interrupt_kernel()
        self.assertEqual(self.reply(first)["status"], "error")
        print(f"interrupted while it waits for input: {time.monotonic() - start:.2f} s", flush=True)
        self.assertNotIn("read", self.listen(first, None))
        self.client.input("5")  # typed into a field that is still open
        self.assertEqual(self.answered('%%\nfmt.Scanln(&n)\nfmt.Println(n)', "6"), ("6\n", 1))
