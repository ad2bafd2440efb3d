"""make bench-peers: the networks here and in PyTorch, in turn in one run, to ../BENCHMARKS.md.

    python compare.py BINARIES ../BENCHMARKS.md

BINARIES is a folder with the compiled tests of the packages. Random weights, float32, forward passes, all cores.
"""

import datetime
import json
import os
import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ROUNDS = 5
SECONDS = 8  # of a measurement, at least one pass
WORK = [  # what, PyTorch's script with its argument, our package, our benchmark
    ("generator B/2, 4 latents a pass", ["dit.py"], "dit", "BenchmarkGenerate$"),
    ("encoder of width 256 with its 86 groups of features, 8 latents a pass", ["mae.py"], "mae", "BenchmarkFeatures$"),
    ("autoencoder, encoding 256 × 256 pixels, one image a pass", ["vae.py", "encode"], "vae", "BenchmarkAutoencoder/encode$"),
    ("autoencoder, decoding to 256 × 256 pixels, one image a pass", ["vae.py", "decode"], "vae", "BenchmarkAutoencoder/decode$"),
]


def measured(command, folder):
    """Runs a command and returns what it printed and the most memory it had, in GB."""
    p = subprocess.Popen(list(map(str, command)), cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    out = p.stdout.read()
    _, status, used = os.wait4(p.pid, 0)
    p.returncode = os.waitstatus_to_exitcode(status)
    if p.returncode:
        sys.exit(f"{' '.join(p.args)}: exit status {p.returncode}\n{out}")
    return out, used.ru_maxrss / 1e6


def theirs(script):
    """Returns images/s and peak memory of PyTorch, and its version."""
    out, peak = measured([sys.executable, HERE / script[0], *script[1:], "--seconds", SECONDS], HERE)
    r = json.loads(out.splitlines()[-1])
    return r["images_per_s"], peak, r["torch"]


def ours(binaries, package, benchmark):
    """Returns images/s and peak memory of ours."""
    out, peak = measured([binaries / f"{package}.test", "-test.run", "^$", "-test.bench", benchmark, "-test.benchtime", f"{SECONDS}s"], HERE.parent / package)
    rate = re.search(r"([\d.]+) images/s", out)
    if not rate:
        sys.exit(f"{package} {benchmark}: no images/s in\n{out}")
    return float(rate[1]), peak


def processor():
    for line in open("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.split(":")[1].strip()
    return "an unknown processor"


def main():
    binaries, target = map(Path, sys.argv[1:])
    began = time.time()
    rows, holds = [], True
    for what, script, package, benchmark in WORK:
        pairs = []
        for _ in range(ROUNDS):
            their, their_peak, torch = theirs(script)
            our, our_peak = ours(binaries, package, benchmark)
            pairs.append((their, our))
            print(f"{time.time() - began:5.0f} s  {what}: PyTorch {their:.3g}, ours {our:.3g} images/s", flush=True)
        ratio = statistics.median(our / their for their, our in pairs)
        holds &= ratio >= 1
        rows.append((what, *(f"{statistics.median(p[i] for p in pairs):.3g}" for i in (0, 1)), f"{ratio:.2f}× {'✓' if ratio >= 1 else '✗'}",
                     f"{their_peak:.1f} GB", f"{our_peak:.1f} GB"))
    head = ("work", "PyTorch, images/s", "ours, images/s", "ratio (goal 1)", "PyTorch's peak", "our peak")
    table = "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])
    target.write_text(f"""# Benchmarks

Measured on {processor()}, {os.cpu_count()} cores, {datetime.date.today()}; one run of `make bench-peers`. PyTorch {torch} and GoMLX on XLA in turn, {ROUNDS}
times each, float32, forward passes with random weights; medians, and the median of the ratios of neighbours: above 1 ours is the
faster. PyTorch runs eagerly, on as many threads as there are cores. Ratios compare, absolute numbers change with the machine.
Not measured: gradients, pure Go, GPUs.

{table}
""")
    print(table)
    sys.exit(not holds)


if __name__ == "__main__":
    main()
