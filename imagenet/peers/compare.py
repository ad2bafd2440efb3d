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
ROUNDS = 3
SECONDS = 10  # of a measurement, at least one pass
WORK = [  # what, PyTorch's script with its argument, our package, our benchmark
    ("generator B/2, 4 latents a pass", ["dit.py"], "dit", "BenchmarkGenerate$"),
    ("encoder of width 256 with its 86 groups of features, 8 latents a pass", ["mae.py"], "mae", "BenchmarkFeatures$"),
    ("autoencoder, encoding 256 × 256 pixels, one image a pass", ["vae.py", "encode"], "vae", "BenchmarkAutoencoder/encode$"),
    ("autoencoder, decoding to 256 × 256 pixels, one image a pass", ["vae.py", "decode"], "vae", "BenchmarkAutoencoder/decode$"),
]


def spoken(command, folder):
    """Runs a command and returns what it printed."""
    p = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    if p.returncode:
        sys.exit(f"{' '.join(map(str, command))}: exit status {p.returncode}\n{p.stdout}{p.stderr}")
    return p.stdout


def theirs(script):
    """Returns images/s and peak memory in MB of PyTorch, and its version."""
    r = json.loads(spoken([sys.executable, HERE / script[0], *script[1:], "--seconds", str(SECONDS)], HERE))
    return r["images_per_s"], r["peak_MB"], r["torch"]


def ours(binaries, package, benchmark):
    """Returns images/s and peak memory in MB of ours."""
    out = spoken([binaries / f"{package}.test", "-test.run", "^$", "-test.bench", benchmark, "-test.benchtime", f"{SECONDS}s"], HERE.parent / package)
    rate, peak = re.search(r"([\d.]+) images/s", out), re.search(r"([\d.]+) peak-MB", out)
    if not rate or not peak:
        sys.exit(f"{package} {benchmark}: no images/s or no peak-MB in\n{out}")
    return float(rate[1]), float(peak[1])


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
                     f"{their_peak / 1000:.1f} GB", f"{our_peak / 1000:.1f} GB"))
    head = ("work", "PyTorch, images/s", "ours, images/s", "ratio (goal 1)", "PyTorch's peak", "our peak")
    table = "\n".join("| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows])
    target.write_text(f"""# Benchmarks

Measured on {processor()}, {os.cpu_count()} cores, {datetime.date.today()}; one run of `make bench-peers`. PyTorch {torch} and GoMLX on XLA in turn, {ROUNDS}
times each, float32, forward passes with random weights; medians, and the median of the ratios of neighbours. Ratios compare,
absolute numbers change with the machine.

{table}
""")
    print(table)
    sys.exit(not holds)


if __name__ == "__main__":
    main()
