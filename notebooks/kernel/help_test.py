"""Tests of what the kernel says while a cell is typed, and of what it says when one fails. WFLOW_TRIES=20 tries 20 fresh kernels."""

import contextlib
import html
import os
import re
import time
import unittest

import psutil
from jupyter_client.manager import start_new_kernel

NEVER = 600  # seconds: what takes longer hangs, on a slow and busy machine too
TRIES = int(os.environ.get("WFLOW_TRIES", "2"))
MOST = 1 << 30  # bytes of memory that gopls may hold, with what it takes for one answer
IMPORTS = 'import (\n\t"github.com/wflowlab/wflowlab/sinkhorn"\n\t"github.com/wflowlab/wflowlab/wflow"\n)'
PROBLEM = {"X", "Y", "A", "B", "Cost", "MaskDiagonal"}  # the fields of sinkhorn.Problem, as design.md has them


@contextlib.contextmanager
def kernel(**environment):
    manager, client = start_new_kernel(NEVER, kernel_name="gonb", cwd=os.environ["WFLOW_ROOT"], env={**os.environ, **environment})
    try:
        yield manager, client
    finally:
        client.stop_channels()
        manager.shutdown_kernel()


def run(client, source):
    reply = client.execute(source, reply=True, timeout=NEVER)["content"]
    assert reply["status"] == "ok", reply


def complete(client, source):
    """Returns what the kernel offers at | in a cell, and the reply."""
    ask = (source.replace("|", ""), source.index("|"))
    reply = client.complete(*ask, reply=True, timeout=NEVER)["content"]
    return reply["matches"], reply


def explain(client, source):
    """Returns what the kernel shows at | in a cell, as Markdown and as text, or nothing."""
    ask = (source.replace("|", ""), source.index("|"))
    reply = client.inspect(*ask, reply=True, timeout=NEVER)["content"]
    return (reply["data"]["text/markdown"], reply["data"]["text/plain"]) if reply["found"] else None


def gopls(manager):
    return [p for p in psutil.Process(manager.provisioner.pid).children(recursive=True) if p.name() == "gopls" and "serve" in p.cmdline()]  # not its telemetry


class Fresh(unittest.TestCase):
    def test_the_first_answer_is_right(self):
        """In a fresh kernel, the first Tab behind a variable's dot, asked once, lists its fields."""
        times = []
        for i in range(TRIES):
            with kernel() as (_, client):
                if i % 2 == 0:  # else not even the cell of imports has run
                    run(client, IMPORTS)
                for number in range(3):
                    start = time.monotonic()
                    found, _ = complete(client, f"%%\np{number} := sinkhorn.Problem{{}}\np{number}.|")
                    times.append((number == 0, time.monotonic() - start))
                    self.assertEqual(set(found), PROBLEM, f"kernel {i + 1}, question {number + 1}")
        for first, word in ((True, "first"), (False, "later")):
            slow = [seconds for kind, seconds in times if kind == first]
            print(f"     completion behind a dot, {TRIES} fresh kernels, {word}: {min(slow):.2f} to {max(slow):.2f} s", flush=True)
            self.assertLess(max(slow), 20 if first else 6)  # wanted: 1 s and 0.3 s; a busy machine is slower

    def test_questions_while_a_cell_runs(self):
        with kernel() as (manager, client):
            run(client, IMPORTS)
            cell = client.execute('%%\nfmt.Println("runs")\ntime.Sleep(time.Hour)')
            states = []

            def listen(until):
                while True:
                    message = client.get_iopub_msg(timeout=NEVER)
                    mine = message["parent_header"].get("msg_id") == cell
                    if message["msg_type"] == "status":
                        states.append((mine, message["content"]["execution_state"]))
                    if until(message, mine):
                        return

            listen(lambda message, mine: mine and message["content"].get("text") == "runs\n")
            self.assertEqual(set(complete(client, "%%\np := sinkhorn.Problem{}\np.|")[0]), PROBLEM)
            self.assertIn("Problem asks for", explain(client, "%%\np := sinkhorn.Prob|lem{}")[0])
            states.clear()
            explain(client, "%%\nx := sinkhorn.So|lve")
            listen(lambda message, mine: mine and message["content"].get("execution_state") == "busy")
            self.assertEqual(states, [(False, "busy"), (False, "idle"), (True, "busy")][-len(states) :])
            manager.interrupt_kernel()

    def test_one_gopls_bounded(self):
        with kernel() as (manager, client):
            run(client, IMPORTS)
            for i in range(30):
                complete(client, f"%%\nx{i} := wflow.Flow{{}}\nfmt.Println(x{i}.|")
            (one,) = gopls(manager)
            print(f"     gopls holds {one.memory_info().rss >> 20} MiB", flush=True)
            self.assertLess(one.memory_info().rss, MOST)
            self.assertIn("GOMEMLIMIT", one.environ())
            one.kill()
            one.wait(NEVER)
            self.assertEqual(set(complete(client, "%%\np := sinkhorn.Problem{}\np.|")[0]), PROBLEM)
            (other,) = gopls(manager)
        other.wait(NEVER)


class Help(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        _, cls.client = cls.stack.enter_context(kernel())
        run(cls.client, IMPORTS)
        run(cls.client, "var kept = sinkhorn.Problem{MaskDiagonal: true}\n\ntype pair struct{ left, right sinkhorn.Settings }\n\nfunc (p pair) first() sinkhorn.Settings { return p.left }")

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def test_behind_a_dot(self):
        for source, wanted in {
            "%%\np := sinkhorn.Problem{}\np.|": PROBLEM,
            "%%\np := &sinkhorn.Problem{}\np.|\nfmt.Println(p)": PROBLEM,
            "%%\nfor _, p := range []sinkhorn.Problem{} {\n\tp.|": PROBLEM,
            "%%\nfmt.Println(kept.|)": PROBLEM,
            "func f(p sinkhorn.Problem) {\n\tp.|\n}": PROBLEM,
            "%%\npair{}.|": {"left", "right", "first"},
            "type pair struct{ x, y int }\n\n%%\np := pair{}\np.|": {"x", "y", "first"},
            "%%\npair{}.first().Ep|": {"Epsilon"},
            "%%\npair{}.left.Ep|silon": {"Epsilon"},
            '%%\nfmt.Println("𝜀 ε", kept.M|': {"MaskDiagonal"},
            "%%\ns := strings.Fields(``)\nvar b strings.Builder\nb.WriteB|": {"WriteByte"},
            "!ls (\n\n%%\nkept.Mask|": {"MaskDiagonal"},
        }.items():
            found, reply = complete(self.client, source)
            self.assertEqual(set(found), wanted, source)
            self.assertEqual(len(found), len(set(found)), source)
            code = source.replace("|", "")
            replaced = code[reply["cursor_start"] : reply["cursor_end"]]
            self.assertEqual(replaced, re.search(r"\w*$", source[: source.index("|")])[0] + re.match(r"\w*", source[source.index("|") + 1 :])[0], source)
            self.assertTrue(all(item["type"] in ("field", "method") and item["signature"] for item in reply["metadata"]["_jupyter_types_experimental"]))

    def test_packages(self):
        for package, some in {"sinkhorn": {"Solve", "Problem", "Divergence"}, "wflow": {"Flow", "Sinkhorn", "Drifting"}, "toy": set(), "strings": {"Fields"}}.items():
            found, reply = complete(self.client, f"%%\nx := {package}.|")
            self.assertLessEqual(some, set(found), package)
            self.assertTrue(found, package)
            self.assertEqual(len(found), len(set(found)), package)
            self.assertEqual([name for name in found if not re.match(r"[A-Z]", name) or re.match(r"(Test|Example|Benchmark|Fuzz)([A-Z_]|$)", name)], [], package)
        self.assertIn("Solve", complete(self.client, "func f() {\n\tsinkhorn.So|\n}")[0])
        found = complete(self.client, "%%\nw|")[0]
        self.assertIn("wflow", found)
        self.assertEqual([name for name in found if name.endswith("_test")], [])

    def test_composite_literals(self):
        for source, wanted, without in (
            ("%%\np := sinkhorn.Problem{|", PROBLEM, set()),
            ("%%\np := sinkhorn.Problem{|}\n_ = p", PROBLEM, set()),
            ("%%\np := sinkhorn.Problem{X: nil, Y: nil, |\nfmt.Println(p)", PROBLEM - {"X", "Y"}, {"X", "Y"}),
            ("%%\np := sinkhorn.Problem{\n\tX: nil,\n\tM|\n}\n_ = p", {"MaskDiagonal"}, {"X"}),
            ("%%\nsinkhorn.Solve(cell.Context(), sinkhorn.Problem{X: nil, |", PROBLEM - {"X"}, {"X"}),
            ("%%\nx := pair{left: sinkhorn.Settings{Ep|}}", {"Epsilon"}, {"left"}),
        ):
            found, reply = complete(self.client, source)
            self.assertLessEqual(wanted, set(found), source)
            self.assertFalse(without & set(found), source)
            fields = [item["type"] == "field" for item in reply["metadata"]["_jupyter_types_experimental"]]
            self.assertEqual(fields, sorted(fields, reverse=True), f"{source}: fields come first")

    def test_signatures(self):
        for source, words in {
            "%%\nsinkhorn.Solve(|": ["Solve(ctx context.Context, p sinkhorn.Problem, s *sinkhorn.Settings)", "ctx context.Context", "argument 1 of 3", "Solve "],
            "%%\nsinkhorn.Solve(cell.Context(), kept, |)": ["s *sinkhorn.Settings", "argument 3 of 3"],
            "%%\nsinkhorn.Solve(cell.Context(),\n\tkept|, nil)": ["var kept", "p sinkhorn.Problem", "argument 2 of 3"],
            '%%\nx := strings.Repeat("ab", |)': ["Repeat(s string, count int) string", "count int", "argument 2 of 2"],
            "%%\npair{}.first(|)": ["first() sinkhorn.Settings"],
            "%%\nmath.Max(math.Abs(1), |": ["Max(x float64, y float64) float64", "argument 2 of 2"],
            "%%\np := sinkhorn.Problem{X: nil, |": ["Problem asks for"],
        }.items():
            markdown, plain = explain(self.client, source) or ("", "")
            for word in words:
                self.assertIn(word, markdown, source)
            self.assertNotRegex(plain, r"```|\*\*", source)

    def test_names(self):
        self.assertIn("Problem asks for", explain(self.client, "%%\np := sinkhorn.Pro|blem{}\n_ = p")[1])
        self.assertIn("MaskDiagonal", explain(self.client, "%%\nfmt.Println(kept.MaskDiagonal|)")[1])
        self.assertIn("func (p pair) first()", explain(self.client, "%%\npair{}.fi|rst()")[1])
        for nothing in ("%%\n|", "%%\nx := 1 |+ 2", "// a com|ment", "%%\nunknown|"):
            self.assertIsNone(explain(self.client, nothing), nothing)


class Errors(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.stack = contextlib.ExitStack()
        _, cls.client = cls.stack.enter_context(kernel())
        run(cls.client, IMPORTS)
        run(cls.client, "%%\ns := 1\nfmt.Println(s)")

    @classmethod
    def tearDownClass(cls):
        cls.stack.close()

    def shown(self, source):
        """Runs a cell that fails, as JupyterLab does. Returns what is shown for it: the one box, the rest, and the reply."""
        content = {"code": source, "silent": False, "store_history": True, "user_expressions": {}, "allow_stdin": False, "stop_on_error": True}
        message = self.client.session.msg("execute_request", content, metadata={"cellId": "ab-cd"})
        self.client.shell_channel.send(message)
        boxes, rest = [], ""
        while True:
            said = self.client.get_iopub_msg(timeout=NEVER)
            if said["parent_header"].get("msg_id") != message["header"]["msg_id"]:
                continue
            if said["msg_type"] == "display_data":
                boxes.append(said["content"]["data"])
            elif said["msg_type"] == "stream":
                rest += said["content"]["text"]
            elif said["msg_type"] == "error":
                rest += "\n".join(said["content"]["traceback"])
            elif said["content"].get("execution_state") == "idle":
                break
        while (reply := self.client.get_shell_msg(timeout=NEVER))["parent_header"].get("msg_id") != message["header"]["msg_id"]:
            pass
        self.assertEqual(reply["content"]["status"], "error", source)
        self.assertEqual(len(boxes), 1, f"{source}: {boxes} {rest}")
        return boxes[0], rest, reply["content"]

    def test_each_kind_is_said_once(self):
        for source, line, words, hint in (
            ("%%\nnothing()", 2, "undefined: nothing", ""),
            ("x := 1", 1, "expected declaration, found x", "Statements need %% on the first line"),
            ("for range 3 {\n}", 1, "expected declaration, found 'for'", "Statements need %% on the first line"),
            ("%%\nx := 1", 2, "declared and not used: x", "_ = x"),
            ("%%\nfmt.Println(1)\nfmt.Println(s)", 3, "undefined: s", "values end with their cell"),
            ("%%\nf := wflow.Sinkhron{}\nfmt.Println(f)", 2, "undefined: wflow.Sinkhron", "Did you mean wflow.Sinkhorn?"),
            ("%%\np := sinkhorn.Problem{MaskDiagnoal: true}\nfmt.Println(p)", 2, "unknown field MaskDiagnoal", "Did you mean MaskDiagonal?"),
            ("%%\np := sinkhorn.Problem{}\nfmt.Println(p.MaskDiagnoal)", 3, "p.MaskDiagnoal undefined", "Did you mean MaskDiagonal?"),
            ("%%\nparticles := 1\nfmt.Println(partciles, particles)", 3, "undefined: partciles", "Did you mean particles?"),
            ('%%\nvar n int = "a"\nfmt.Println(n)', 2, "cannot use", ""),
            ("func f() int {\n}", 2, "missing return", ""),
            ("%%\nx := (1", 2, "expected", ""),
            ('%%\nfmt.Println("before")\npanic("boom")', 3, "panic: boom", ""),
            ("%%\nvar m map[string]int\nm[`a`] = 1", 3, "assignment to entry in nil map", ""),
            ("%%\na := []int{1}\nfor i := range 3 {\n\tfmt.Println(a[i])\n}", 4, "index out of range [1] with length 1", ""),
            ("func fall(n int) {\n\tpanic(n)\n}\n\n%%\nfall(3)", 2, "panic: 3", ""),
            ('%%\nmust.M(errors.New("lost"))', 2, "panic: lost", ""),
        ):
            with self.subTest(source):
                box, rest, reply = self.shown(source)
                page, text = html.unescape(box["text/html"]), box["text/plain"]
                where = f"Cell [{reply['execution_count']}], line {line}"
                self.assertIn(f'<a href="#cell-id=ab-cd">{where}</a>: <b>', page)
                self.assertIn(f"{where}: ", text)
                for form in (page, text):
                    self.assertIn(words, form)
                    self.assertIn(hint, form)
                visible = re.sub(r"<details.*?</details>", "", page, flags=re.S)
                self.assertEqual((visible + rest).count(words), 1, visible + rest)
                self.assertNotIn("goroutine", visible + rest)
                self.assertEqual("goroutine" in page, "panic" in page)
                self.assertNotRegex(page + text + rest, r"/tmp/|/root/|/home/|\+0x|exit status|" + re.escape(os.environ["WFLOW_ROOT"]))
                self.assertEqual(rest.replace("before\n", "").replace("1\n", "", 1), "")
                self.assertIn(words, reply["evalue"])

    def test_an_exit_is_said_once(self):
        box, rest, _ = self.shown('%%\nlog.SetFlags(0)\nlog.Fatal("no data")')
        self.assertEqual(rest, "no data\n")
        self.assertEqual(box["text/plain"], "exit status 1")

    def test_a_failed_command_is_said_once(self):
        said = []
        self.client.execute_interactive("!echo no >&2; exit 3", timeout=NEVER, output_hook=said.append)
        text = "".join(m["content"].get("text", "") + "\n".join(m["content"].get("traceback", [])) for m in said)
        self.assertEqual(text.count("exit status 3"), 1, text)

    def test_as_text(self):
        """What nbclient, which shows no HTML, and so the runner take: the text is the error's trace."""
        with kernel(WFLOW_RAW_ERRORS="1") as (_, client):
            for source, words in (("%%\nx := 1", "Cell [1], line 2: declared and not used: x"), ('%%\npanic("boom")', "Cell [2], line 2: panic: boom")):
                said = []
                reply = client.execute_interactive(source, timeout=NEVER, output_hook=said.append)["content"]
                errors = [m["content"] for m in said if m["msg_type"] in ("error", "display_data", "stream")]
                self.assertEqual(len(errors), 1, errors)
                self.assertEqual(errors[0]["traceback"][0], words)
                self.assertEqual(reply["traceback"], errors[0]["traceback"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
