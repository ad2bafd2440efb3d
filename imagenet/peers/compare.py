"""make bench-peers: the networks and their training here, in PyTorch and in JAX, in turn in one run, to ../BENCHMARKS.md.

    python compare.py BINARIES ../BENCHMARKS.md [ROWS]

BINARIES is a folder with the compiled tests of the packages. ROWS is a regular expression: only the rows whose names it finds are measured,
and the file stays as it is.
"""

import datetime
import json
import math
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

from work import LIBRARIES, STEP, WORK

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
ROUNDS = 5
SECONDS = 8  # of a measurement, at least one pass


class Failed(Exception):
    """A process that ended with an error."""


def measured(command, folder, **environment):
    """Runs a command and returns what it printed and the most memory it had, in GB."""
    p = subprocess.Popen(list(map(str, command)), cwd=folder, env={**os.environ, **environment}, stdout=subprocess.PIPE,
                         stderr=subprocess.STDOUT, text=True)
    out = p.stdout.read()
    _, status, used = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode:
        raise Failed(f"{' '.join(p.args)}: exit status {p.returncode}\n{out}")
    return out, used.ru_maxrss / 1e6


def theirs(script, binaries):
    """Returns the rate and the peak memory of a library, and its version."""
    out, peak = measured([sys.executable, HERE / script[0], *script[1:], "--seconds", SECONDS], binaries,
                         **({} if "jax" in script else {"GLIBC_TUNABLES": ""}),  # env.sh's huge pages are XLA's gain, and no gain of PyTorch's
                         TORCHINDUCTOR_CACHE_DIR=str(binaries / "inductor"), JAX_PLATFORMS="cpu", PYTHONPATH=str(HERE))
    r = json.loads(out.splitlines()[-1])
    return r["rate"], peak, r["library"]


def ours(work, binaries):
    """Returns the rate and the peak memory of ours."""
    program = binaries / f"{Path(work.package).name}.test"
    out, peak = measured([program, "-test.run", "^$", "-test.bench", work.benchmark, "-test.benchtime", f"{SECONDS}s"], ROOT / work.package,
                         WFLOW_STEP=str(binaries / STEP))
    rate = re.search(rf"([\d.]+) {work.unit}/s", out)
    if not rate:
        raise Failed(f"{work.package} {work.benchmark}: no {work.unit}/s in\n{out}")
    return float(rate[1]), peak


def row(work, binaries, versions, log):
    """Measures a row, all libraries in turn, and returns its cells and whether its goal is met. A library that fails has the rate 0."""
    rates, peaks, failed = {name: [] for name in ["ours", *work.commands()]}, {}, False
    for _ in range(ROUNDS):
        rate, peaks["ours"] = ours(work, binaries)
        rates["ours"].append(rate)
        for name, script in work.commands().items():
            try:
                rate, peaks[name], version = theirs(script, binaries)
                versions.add(version)
            except Failed as why:
                log(why)
                rate, failed = 0.0, True
            rates[name].append(rate)
        log(f"{work.what}: " + ", ".join(f"{name} {list[-1]:.3g}" for name, list in rates.items()) + f" {work.unit}/s")
    median = {name: statistics.median(list) for name, list in rates.items()}
    fastest = max(work.commands(), key=median.get)
    ratio = statistics.median(our / (max(others) or math.inf) for our, *others in zip(*rates.values()))
    holds = not failed and (work.goal is None or ratio >= work.goal)
    verdict = "" if work.goal is None else f" (goal {work.goal}) {'✓' if holds else '✗'}"
    cell = lambda name: f"{median[name]:.3g}" if name in median else "–"
    cells = (work.what, work.unit, *map(cell, LIBRARIES), cell("ours"), f"{ratio:.2f}×{verdict}",
             f"{peaks.get(fastest, 0):.1f} GB", f"{peaks['ours']:.1f} GB")
    return cells, holds


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return "an unknown processor"


def main():
    binaries, target = (Path(arg).resolve() for arg in sys.argv[1:3])
    wanted = re.compile(sys.argv[3] if len(sys.argv) > 3 else "")
    work, began, versions = [w for w in WORK if wanted.search(w.what)], time.time(), set()
    log = lambda text: print(f"{time.time() - began:5.0f} s  {text}", flush=True)
    rows, holds = zip(*(row(w, binaries, versions, log) for w in work)) if work else sys.exit(f"no row has {wanted.pattern} in its name")
    head = ("work", "unit", *(f"{name}, a second" for name in LIBRARIES), "ours, a second", "ratio", "the fastest's peak", "our peak")
    table = "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])
    print(table)
    if work == WORK:
        target.write_text(f"""# Benchmarks

Measured on {processor()}, {os.cpu_count()} cores, {datetime.date.today()}; one run of `make bench-peers`. {", ".join(sorted(versions))} and GoMLX
on XLA in turn, {ROUNDS} times each, float32, random weights, on all cores; networks' rows are forward passes. XLA's arrays, ours and JAX's,
lie in huge pages. Rates are medians. The ratio is the median, over the turns, of ours to the fastest of the others: above 1 ours is the
faster. Compilation is left out. Ratios compare, absolute numbers change with the machine. [peers/README.md](peers/README.md) says what
each row is. Not measured: pure Go, GPUs.

{table}
""")
    sys.exit(not all(holds))


if __name__ == "__main__":
    main()
