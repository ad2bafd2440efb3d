"""Tests of the kernel, through the Jupyter protocol."""

import os
import select
import shutil
import tempfile
import time
import unittest
from pathlib import Path

import psutil
from jupyter_client.manager import start_new_kernel

NEVER = 600  # seconds: what takes longer hangs, on a slow and busy machine too


class Kernel(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.manager, cls.client = start_new_kernel(NEVER, kernel_name="gonb", cwd=os.environ["WFLOW_ROOT"])
        imports = 'import (\n\t"github.com/wflowlab/wflowlab/sinkhorn"\n\t"github.com/wflowlab/wflowlab/wflow"\n)'
        reply = cls.client.execute(imports, reply=True, timeout=NEVER)
        assert reply["content"]["status"] == "ok", reply["content"]

    @classmethod
    def tearDownClass(cls):
        cls.client.stop_channels()
        cls.manager.shutdown_kernel()

    def test_input(self):
        asked, said = [], []

        def answer(message):
            asked.append(message["content"]["prompt"])
            self.client.input("7")

        def keep(message):
            said.append(message["content"].get("text", ""))

        source = 'import "github.com/janpfeifer/gonb/gonbui"\n\nvar x int\n\n%%\ngonbui.RequestInput("x: ", false)\nfmt.Scanln(&x)\nfmt.Println(x * x)'
        for source, prompt, want in ((source, "x: ", "49\n"), ("%with_inputs\n!read x; echo $x$x", " ", "77\n")):
            asked.clear()
            said.clear()
            self.client.execute_interactive(source, timeout=NEVER, allow_stdin=True, stdin_hook=answer, output_hook=keep)
            self.assertEqual(asked, [prompt])
            self.assertEqual("".join(said), want)
        reply = self.client.execute("!cat", reply=True, timeout=NEVER, allow_stdin=True)  # nothing asks
        self.assertEqual(reply["content"]["status"], "ok")


# What stands in for go: the command that is held says so, and does not end.
GATE = """#!/bin/sh
if [ "$1 $2" = "$(cat "$GATE/held")" ]; then
	echo $$ >"$GATE/begun"
	sleep 300
fi
exec {go} "$@"
"""


class Fresh(unittest.TestCase):
    """A kernel of its own for each test."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.gate = Path(folder.name)
        Path(self.gate, "go").write_text(GATE.format(go=shutil.which("go")))
        Path(self.gate, "go").chmod(0o755)
        os.mkfifo(self.gate / "begun")
        self.begun = os.open(self.gate / "begun", os.O_RDWR)
        self.addCleanup(os.close, self.begun)
        self.hold("")
        env = {**os.environ, "GATE": folder.name, "PATH": f"{folder.name}:{os.environ['PATH']}"}
        self.manager, self.client = start_new_kernel(NEVER, kernel_name="gonb", cwd=os.environ["WFLOW_ROOT"], env=env)
        self.manager.shutdown_wait_time = NEVER
        self.addCleanup(self.manager.shutdown_kernel, now=True)
        self.addCleanup(self.client.stop_channels)
        self.said = {}

    def hold(self, command):
        (self.gate / "held").write_text(command)

    def held(self):
        """Returns the held command, once there is one."""
        self.assertTrue(select.select([self.begun], [], [], NEVER)[0], "nothing is held")
        return psutil.Process(int(os.read(self.begun, 100)))

    def execute(self, source):
        return self.client.execute(source, allow_stdin=False)

    def reply(self, id):
        while True:
            message = self.client.get_shell_msg(timeout=NEVER)
            if message["parent_header"].get("msg_id") == id:
                return message["content"]

    def listen(self, id, until):
        """Returns what a cell has said, as soon as this holds the words or, without words, once the cell has ended."""
        while not until or until not in self.said.get(id, ""):
            message = self.client.get_iopub_msg(timeout=NEVER)
            parent, content = message["parent_header"].get("msg_id"), message["content"]
            if message["msg_type"] == "stream":
                self.said[parent] = self.said.get(parent, "") + content["text"]
            elif parent == id and content.get("execution_state") == "idle":
                break
        return self.said.get(id, "")

    def all_end(self, processes):
        def alive(process):
            try:
                return process.is_running() and process.status() != psutil.STATUS_ZOMBIE
            except psutil.NoSuchProcess:
                return False

        late = time.monotonic() + NEVER
        while (left := [p for p in processes if alive(p)]) and time.monotonic() < late:
            time.sleep(0.05)
        self.assertEqual(left, [])


class Interrupt(Fresh):
    def test_what_is_made_or_waits_does_not_start(self):
        cell = '%%\nfmt.Println("started")'
        for command, source in {
            "list -deps": cell,
            "build -o": cell,
            "list -export": "func f() {}",
            "test -c": 'import "testing"\n\nfunc TestF(t *testing.T) { fmt.Println("started") }\n\n%test',
        }.items():
            self.hold(command)
            first, second = self.execute(source), self.execute(cell)
            process = self.held()
            tree = [process, *process.children(recursive=True)]
            self.manager.interrupt_kernel()
            reply = self.reply(first)
            self.assertEqual((reply["status"], reply.get("evalue")), ("error", "interrupted"), command)
            self.assertEqual(self.reply(second)["status"], "aborted", command)
            self.all_end(tree)
            self.hold("")
            third = self.execute('%%\nfmt.Println("alive")')
            self.assertEqual(self.reply(third)["status"], "ok", command)
            self.assertEqual(self.listen(third, None), "alive\n")
            self.assertNotIn("started", "".join(self.said.values()))

    def test_what_runs_stops(self):
        own = 'import "github.com/wflowlab/wflowlab/notebooks/cell"\n\n%%\nctx := cell.Context()\nfmt.Println("partial")\n<-ctx.Done()\nfmt.Println("whole")'
        for source, error, want in (
            ('%%\nfmt.Println("partial")\ntime.Sleep(time.Hour)', "interrupted", "partial\n"),
            ('%%\ngo func() {\n\tfor {\n\t\truntime.GC()\n\t}\n}()\nfmt.Println("partial")\nfor {\n}', "interrupted", "partial\n"),
            (own, "", "partial\nwhole\n"),
            ("!echo partial; sleep 300; echo no\n!echo no", "interrupted", "partial\n"),
            ("%%bash\necho partial; sleep 300; echo no", "interrupted", "partial\n"),
        ):
            first, second = self.execute(source), self.execute('%%\nfmt.Println("second")')
            self.listen(first, "partial")
            self.manager.interrupt_kernel()
            reply = self.reply(first)
            self.assertEqual((reply["status"], reply.get("evalue", "")), ("error" if error else "ok", error), source)
            self.assertEqual(self.listen(first, None), want, source)
            self.assertEqual(self.reply(second)["status"], "aborted", source)

    def test_a_child_that_outlives_its_cell(self):
        first = self.execute("!sleep 300 & echo $!")
        self.assertEqual(self.reply(first)["status"], "ok")
        child, words = self.listen(first, None).split("\n", 1)
        psutil.Process(int(child)).kill()
        self.assertIn("still runs", words)

    def test_a_killed_kernel_leaves_no_process(self):
        kernel = psutil.Process(self.manager.provisioner.pid)
        self.listen(self.execute('%%\nfmt.Println("runs")\ntime.Sleep(time.Hour)'), "runs")
        processes = kernel.children(recursive=True)
        self.assertIn("gopls", [process.name() for process in processes])
        kernel.kill()
        self.all_end(processes)

    def test_a_kernel_stops_after_its_cell(self):
        kernel = psutil.Process(self.manager.provisioner.pid)
        source = 'import "github.com/wflowlab/wflowlab/notebooks/cell"\n\n%%\nctx := cell.Context()\nfmt.Println("runs")\n<-ctx.Done()\ntime.Sleep(time.Second)\nos.WriteFile(os.Getenv("GATE")+"/stopped", nil, 0o600)'
        self.listen(self.execute(source), "runs")
        processes = [kernel, *kernel.children(recursive=True)]
        self.manager.shutdown_kernel()
        self.all_end(processes)
        self.assertTrue((self.gate / "stopped").exists())
