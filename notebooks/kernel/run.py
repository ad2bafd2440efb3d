"""Runs notebooks headless, or checks what is stored in them.

    env.sh python run.py [--small | --inplace | --check] [--json FILE] NOTEBOOK...

Every notebook runs from a clean kernel, in its own folder, with an empty WFLOW_CACHE. A check that does not hold, a line that begins
with ✗, is a problem, unless WFLOW_ACCEPT is set. --small gives a parameter its small value: in a const block,

    steps = 7500 // [count] training steps; small: 60

runs as steps = 60. --inplace stores the outputs, unless something is
wrong with them, fingerprints of the code that made them, and the figure of the cell tagged "picture" in pictures/NN.png. --check runs nothing: it reads the outputs that are stored, and compares the fingerprints with the code.
--json writes time per cell and peak memory. Exit status 1 if anything failed.
"""

import argparse
import asyncio
import base64
import hashlib
import json
import os
import re
import signal
import sys
import tempfile
import time
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path

signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C during these imports needs no trace

import nbformat
from memory import Memory
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError

MEMORY = 1.5e9  # bytes: most that a kernel, its cells and its compiler may take together
SIZE = 1e6  # bytes: most that a stored notebook may take
LINES = 15  # more in a cell want a function in a package
COLUMNS = 100  # characters: most in a line of code, so that nobody has to scroll sideways
CELL_SECONDS = 3600  # most that a cell may take; a training takes a quarter of an hour
SMALL_CELL_SECONDS = 900  # and at the small size

VALUE = r"""(?:"[^"]*"|`[^`]*`|'[^']*'|[^"`'/]|/(?!/))*?"""
PARAMETER = re.compile(rf"((?:\s*const\b)?\s*\w+(?:\s+[\w.]+)?\s*=\s*){VALUE}(\s*//.*\bsmall:\s*)(\S.*?)\s*")
MACHINE_PATH = re.compile(
    r"(?<![\w./~-])(?:/(?:home|root|Users|tmp|private|var/folders|workspace)/[\w.-]|[A-Z]:\\\w)[^\s\"'<>)]*"
)

BROKEN = re.compile(r"(?m)^✗ (.*)")  # as cell.AtMost and cell.AtLeast print it


@dataclass
class Report:
    """What running or checking one notebook found. Times are seconds, memory is bytes."""

    notebook: str
    small: bool = False
    seconds: float = 0
    peak_memory: int = 0
    cells: list = field(default_factory=list)  # seconds of each code cell
    problems: list = field(default_factory=list)
    warnings: list = field(default_factory=list)


class Unreadable(Exception):
    """Says what is in a file instead of a notebook, and what to do."""


def read(path):
    """Returns the notebook in a file, or raises Unreadable."""
    again = f"Mend it, or take the one of the last commit: git restore {path}"
    try:
        stored = json.loads(path.read_bytes())
    except ValueError as error:
        raise Unreadable(f"it is not JSON: {path.stat().st_size} bytes, {error}. {again}") from error
    if not isinstance(stored, dict) or "nbformat" not in stored:
        raise Unreadable(f"it is JSON, but not a notebook: it has no nbformat. {again}")
    if stored["nbformat"] != 4:
        raise Unreadable(f"its nbformat is {stored['nbformat']}, want 4. Open it in JupyterLab (make lab) and save it")
    try:
        nbformat.validate(stored)
        return nbformat.read(path, 4)
    except Exception as error:  # nbformat stumbles over a missing key before it can say so
        raise Unreadable(f"it is not a notebook of nbformat 4: {getattr(error, 'message', repr(error))[:200]}. {again}") from error


def shrink(source):
    """Returns a cell's source with its small parameters, and the lines that ask for one where there is no constant."""
    lines, misplaced, block = [], [], False
    for line in source.split("\n"):
        constant = block or re.match(r"\s*const\b", line)
        parameter = PARAMETER.fullmatch(line) if constant else None
        if parameter:
            line = parameter[1] + parameter[3] + parameter[2] + parameter[3]
        elif re.search(r"//.*\bsmall:", line):
            misplaced.append(line.strip())
        block = bool(re.match(r"\s*const\s*\(", line)) or (block and not re.match(r"\s*\)", line))
        lines.append(line)
    return "\n".join(lines), misplaced


def smaller(source):
    """Returns a cell's source with its small parameters."""
    return shrink(source)[0]


def texts(cell):
    """Yields what a reader can read in a cell's outputs: no pictures."""
    for output in cell.get("outputs", []):
        yield output.get("text", "")
        for kind, data in output.get("data", {}).items():
            if kind not in ("image/png", "image/jpeg", "image/gif"):
                yield re.sub(r"base64,[\w+/=\s]+", "", data if isinstance(data, str) else json.dumps(data))


def errors(cell):
    """Returns what the compiler or the program said in a failed cell."""
    said = []
    for output in cell.get("outputs", []):
        if output.output_type == "stream" and output.name == "stderr":
            said.append(output.text)
        if output.output_type == "error":
            said.append("\n".join(output.traceback))
    text = re.sub(r"\x1b\[[0-9;]*m|(?m:^# gonb_\w+\n)", "", "\n".join(said))
    return re.sub(r"\n{2,}", "\n", text).strip()


def indent(text):
    return "\n".join("    " + line for line in text.split("\n"))


def source_problems(notebook):
    """Returns what is wrong with a notebook as written, and what is only unwelcome."""
    problems, warnings = [], []
    if notebook.metadata.get("kernelspec", {}).get("name") != "gonb":
        problems.append("its kernelspec is not gonb")
    problems += [f"cell id {id} occurs {n} times" for id, n in Counter(c.get("id") for c in notebook.cells).items() if n > 1]
    code = [(i, c.source) for i, c in enumerate(notebook.cells, 1) if c.cell_type == "code"]
    if not code or not code[0][1].lstrip().startswith("import"):
        problems.append("its first code cell does not begin with imports")
    for i, source in code:
        if not source.strip():
            problems.append(f"cell {i} is empty")
        if re.search(r"(?m)^\s*!", source):
            problems.append(f"cell {i} runs a shell command")
        if re.search(r'\bcell\.At(Most|Least)\(.*, m?s"', source) and "WFLOW_ACCEPT" not in source:
            problems.append(f"cell {i} checks a time, which holds only while nothing else runs: ask first whether WFLOW_ACCEPT is set")
        problems += [f"cell {i}: not a constant, so it cannot be small: {line}" for line in shrink(source)[1]]
        for k, line in enumerate(source.split("\n"), 1):
            if len(line) > COLUMNS:
                problems.append(f"cell {i}, line {k} has {len(line)} characters, want {COLUMNS} at most: {line.strip()}")
        if source.count("\n") >= LINES:
            warnings.append(f"cell {i} has {source.count(chr(10)) + 1} lines: more than {LINES} want a function in a package")
    return problems, warnings


def output_problems(notebook):
    """Returns what is wrong with a notebook's outputs."""
    problems = []
    folders = {os.environ["WFLOW_ROOT"], str(Path.home()), tempfile.gettempdir()} - {"/"}
    here = re.compile(r"(?<![\w./~-])(?:" + "|".join(map(re.escape, folders)) + r")(?![\w-])[^\s\"'<>)]*")
    for i, cell in enumerate(notebook.cells, 1):
        if cell.cell_type != "code":
            continue
        if cell.execution_count is None:
            problems.append(f"cell {i} has not been run")
        if any(output.output_type == "error" for output in cell.outputs):
            problems.append(f"cell {i} failed")
        for text in texts(cell):
            if not os.environ.get("WFLOW_ACCEPT"):
                problems += [f"cell {i}: a check does not hold: {line}" for line in BROKEN.findall(text)]
            found = here.search(text) or MACHINE_PATH.search(text)
            if found:
                problems.append(f"cell {i} shows a path of this machine: {found[0]}")
    size = len(nbformat.writes(notebook).encode())
    if size > SIZE:
        problems.append(f"it takes {size / 1e6:.2f} MB, more than {SIZE / 1e6:g}")
    return problems


def fingerprints(notebook):
    """Yields each code cell with its number and the fingerprint of its code and of the code of all cells before it.

    What a cell prints depends on what the cells before it declare and keep. So a change makes all outputs from there on stale.
    """
    code = hashlib.sha256()
    for i, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code":
            code.update(cell.source.encode() + b"\0")
            yield i, cell, {"source": code.hexdigest()[:12]}


def counts(notebook):
    """Returns how many code cells a notebook has, and how many of them have outputs."""
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    return {"cells": len(code), "outputs": sum(bool(cell.outputs) for cell in code)}


def mark(notebook):
    """Notes in every code cell, with outputs or without, which code it ran as, and in the notebook how many there were."""
    for _, cell, fingerprint in fingerprints(notebook):
        cell.metadata["wflow"] = fingerprint
    notebook.metadata["wflow"] = counts(notebook)


def stale(notebook, name):
    """Returns at most one problem of a notebook whose outputs are not those of its code.

    It names the first cell whose code changed; the cells below it share the problem. That code cells at the end were deleted,
    or outputs cleared, shows only in their numbers.
    """
    again = f"Store new ones: make notebooks NOTEBOOKS=notebooks/{name}"
    for i, cell, fingerprint in fingerprints(notebook):
        if cell.metadata.get("wflow") != fingerprint:
            why = "its code, or code above it, changed after the outputs were stored" if "wflow" in cell.metadata else "its outputs have no fingerprint"
            return [f"cell {i}: {why}. {again}"]
    stored, now = notebook.metadata.get("wflow"), counts(notebook)
    if stored is None:
        return [f"it does not say how many code cells it had when its outputs were stored. {again}"]
    if now != stored:
        had, has = (f"{n['cells']} code cells, {n['outputs']} of them with outputs" for n in (stored, now))
        return [f"it has {has}; it was stored with {had}. {again}"]
    return []


def check(path):
    """Returns the report on what is stored in a notebook."""
    report = Report(str(path))
    try:
        notebook = read(path)
    except Unreadable as error:
        report.problems.append(str(error))
        return report
    report.problems, report.warnings = source_problems(notebook)
    report.problems += output_problems(notebook) + stale(notebook, path.name)
    return report


def run(path, rewrite=None, say=lambda line: None):
    """Runs a notebook from a clean kernel. Returns it with its outputs, and the report. Says one line per cell.

    A file that is no notebook is None, and a problem in the report. Rewrite is a function of a cell's source, such as smaller.
    """
    report = Report(str(path), rewrite is smaller)
    try:
        notebook = read(path)
    except Unreadable as error:
        report.problems.append(str(error))
        return None, report
    report.problems, report.warnings = source_problems(notebook)
    if rewrite:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.source = rewrite(cell.source)
    started = {}

    def on_start(cell, cell_index):
        started[cell_index] = time.time()

    def on_executed(cell, cell_index, execute_reply):
        if cell.cell_type == "code":
            seconds = time.time() - started[cell_index]
            report.cells.append(round(seconds, 3))
            first = next((line for line in cell.source.split("\n") if line.strip() not in ("", "%%")), "")
            say(f"  {cell_index + 1:3} {seconds:7.1f} s  {first[:80]}")

    most = SMALL_CELL_SECONDS if report.small else CELL_SECONDS
    before, start, memory = set(path.parent.iterdir()), time.time(), None

    def on_notebook(notebook):
        nonlocal memory
        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().remove_signal_handler(number)  # nbclient's kills the kernel and goes on
            signal.signal(number, signal.default_int_handler)
        memory = Memory(client.km.provisioner.pid)

    client = NotebookClient(
        notebook,
        kernel_name="gonb",
        timeout=most,
        startup_timeout=most,
        iopub_timeout=most,  # what is late on a busy machine is not lost
        coalesce_streams=True,
        record_timing=False,
        resources={"metadata": {"path": str(path.parent)}},
        on_notebook_start=on_notebook,
        on_cell_start=on_start,
        on_cell_executed=on_executed,
    )
    with tempfile.TemporaryDirectory() as cache:
        env = dict(os.environ, WFLOW_RAW_ERRORS="1", WFLOW_CACHE=cache)
        try:
            client.execute(env=env)
            report.problems += output_problems(notebook)
        except CellExecutionError:
            i, cell = next((i, c) for i, c in enumerate(notebook.cells, 1) if errors(c) and "error" in {o.output_type for o in c.outputs})
            report.problems.append(f"cell {i} failed:\n{indent(cell.source)}\nwith\n{indent(errors(cell))}")
        except CellTimeoutError:
            report.problems.append(f"cell {len(report.cells) + 1} of the code cells took more than {most} s")
        except (DeadKernelError, RuntimeError) as error:
            report.problems.append(f"the kernel died: {error}. See .lab/kernel.log")
        finally:
            if memory:
                memory.stop()
                report.peak_memory = memory.peak
    report.seconds = round(time.time() - start, 3)
    if report.peak_memory > MEMORY:
        report.problems.append(f"it took {report.peak_memory / 1e9:.2f} GB of memory, more than {MEMORY / 1e9:g}")
    left = sorted(p.name for p in set(path.parent.iterdir()) - before if not p.name.startswith("."))
    if left:
        report.problems.append(f"it left files beside the notebook instead of in WFLOW_CACHE: {', '.join(left)}")
    return notebook, report


def store(notebook, path):
    """Writes a notebook so that an interruption leaves the old one or the new one."""
    beside = path.with_name(f".{path.name}.new")
    nbformat.write(notebook, beside)
    os.replace(beside, path)


def store_picture(notebook, path):
    """Writes the figure of the cell tagged "picture" to pictures/NN.png, which the README shows."""
    for cell in notebook.cells:
        if "picture" in cell.metadata.get("tags", []):
            pngs = [output.data["image/png"] for output in cell.outputs if "image/png" in output.get("data", {})]
            if pngs:
                picture = path.parent / "pictures" / f"{path.name[:2]}.png"
                picture.parent.mkdir(exist_ok=True)
                beside = picture.with_name(f".{picture.name}.new")
                beside.write_bytes(base64.b64decode(pngs[-1]))
                os.replace(beside, picture)


def verdict(report):
    """Returns a report in words."""
    measured = f"{report.seconds:7.1f} s {report.peak_memory / 1e6:6.0f} MB" if report.seconds else ""
    lines = [f"{'FAIL' if report.problems else 'ok':4} {measured}  {report.notebook}"]
    return "\n".join(lines + [indent(p) for p in report.problems] + [indent(f"warning: {w}") for w in report.warnings])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="+", type=Path, metavar="NOTEBOOK")
    how = parser.add_mutually_exclusive_group()
    how.add_argument("--small", action="store_true", help="run with the small parameters")
    how.add_argument("--inplace", action="store_true", help="store the outputs")
    how.add_argument("--check", action="store_true", help="check what is stored, run nothing")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write what was measured")
    options = parser.parse_args()
    if "WFLOW_ROOT" not in os.environ:
        parser.error(f"WFLOW_ROOT is not set, want the environment of the lab: {Path(__file__).with_name('env.sh')} .lab/venv/bin/python {' '.join(sys.argv)}")
    if absent := [str(path) for path in options.notebooks if not path.is_file()]:
        parser.error(f"no such notebook: {', '.join(absent)}")
    reports = []
    for path in options.notebooks:
        if options.check:
            report = check(path)
        else:
            print(path, flush=True)
            notebook, report = run(path, smaller if options.small else None, lambda line: print(line, flush=True))
        if options.inplace and not report.problems:
            mark(notebook)
            store(notebook, path)
            store_picture(notebook, path)
        elif options.inplace and notebook:
            failed = Path(os.environ["WFLOW_ROOT"], ".lab", "failed", path.name)
            failed.parent.mkdir(exist_ok=True)
            store(notebook, failed)
            report.problems.append(f"not stored; as it ran, it is in {failed}")
        print(verdict(report), flush=True)
        reports.append(report)
    if options.json:
        options.json.write_text(json.dumps([asdict(r) for r in reports], indent=1) + "\n")
    failures = sum(bool(r.problems) for r in reports)
    print(f"{len(reports) - failures} passed, {failures} failed")
    sys.exit(failures > 0)


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        main()
    except KeyboardInterrupt:
        sys.exit(130)
