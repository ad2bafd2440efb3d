"""make accept: the numbers that the project stands by, at full size, to notebooks/accept.json.

    env.sh python accept.py [PART...]

Every notebook runs at full size from a clean kernel. Those that train run with seeds 1, 2 and 3, each of which has to give a
value to every check, and their checks hold for the means. A fresh clone is set up and served, twice, with the caches warm. Tests that are
longer or larger than make test has time for run in full. A PART is a notebook or the name of such a test, see LONG: then only these
parts of the file are made anew. Every part is written when it is done, with its machine. Exit status 1 if anything falls short.
"""

import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from pathlib import Path

import nbformat

import run

ROOT = Path(os.environ["WFLOW_ROOT"])
RESULTS = ROOT / "notebooks" / "accept.json"
SEEDS = (1, 2, 3)
SEED = re.compile(r"(?m)^(\s*(?:const\s+)?seed\s*=\s*)\d+")
CHECK = re.compile(r"(?m)^[✓✗] (.*): (\S+) ([≤≥]) (\S+)$")
LONG = {  # tests at the size that counts, and in full: what they show, packages, arguments; WFLOW_LONG is set
    "networks": ["networks, as XLA runs them", "./imagenet/dit", "./imagenet/mae", "./imagenet/vae"],
    "training": ["training steps on one device and on several", "./imagenet/train"],
    "reader": ["the reader of digits, fitted anew", "./imagenet/pixels/judge", "-run=^TestFit$"],
    "digits": ["the presets of digits, trained from several seeds and judged", "./imagenet/pixels/judge/cmd/table", "-run=^TestLadder$", "-timeout=4h"],
    "prepare": ["data prepare, 1,000 images, killed ten times", "./imagenet/latent", "-run=^TestKilled$"],
    "weights": ["loading a weight file of 2.7 GB", "./imagenet/hub", "-run=^TestMemory$", "-args", "-megabytes=2700"],
}
FRESH, AGAIN = 90, 5  # seconds: most that a fresh clone and a second start may take until JupyterLab answers


def processor():
    for line in Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []:
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def measured(notebook):
    """Returns the checks that a notebook printed: what, got, relation, bound."""
    text = "\n".join(text for cell in notebook.cells if cell.cell_type == "code" for text in run.texts(cell))
    return [(what, float(got), relation, float(bound)) for what, got, relation, bound in CHECK.findall(text)]


def judged(runs):
    """Returns a record for every check in the measures of a notebook's runs. None holds without one value of every run, if several."""
    records = []
    for what, relation in dict.fromkeys((what, relation) for run in runs for what, _, relation, _ in run):
        values = [[(got, bound) for w, got, r, bound in run if (w, r) == (what, relation)] for run in runs]
        got, bounds = zip(*sum(values, []))
        mean, bound = statistics.fmean(got), statistics.fmean(bounds)
        whole = len(runs) == 1 or all(len(of_run) == 1 for of_run in values)
        ok = whole and (mean <= bound if relation == "≤" else mean >= bound)
        records.append({"what": what, "got": list(got), "mean": mean, "relation": relation, "bound": bound, "holds": ok})
        if not whole:
            print(f"FAIL {what}: {', '.join(str(len(v)) for v in values)} values in the runs, want one in each", flush=True)
    return records


def accept(path):
    """Runs a notebook, with every seed if it trains. Returns what to record, and whether all of it holds."""
    # Notebook 12 trains presets of imagenet, which LONG trains from several seeds, and for most of an hour: one seed is enough here.
    trains = any("wflow/onestep" in cell.source for cell in nbformat.read(path, 4).cells if cell.cell_type == "code")
    record, runs, holds = {"runs": []}, [], True
    for seed in SEEDS if trains else (None,):
        print(f"{path.name}{'' if seed is None else f', seed {seed}'}", flush=True)

        def set_seed(source):
            return source if seed is None else SEED.sub(rf"\g<1>{seed}", source)

        notebook, report = run.run(path, set_seed, lambda line: print(line, flush=True))
        print(run.verdict(report), flush=True)
        holds &= not report.problems
        record["runs"].append({"seed": seed, "seconds": report.seconds, "peak_memory_mb": report.peak_memory // 10**6, "cells": report.cells})
        runs.append(measured(notebook))
    record["checks"] = judged(runs)
    return record, holds and all(check["holds"] for check in record["checks"])


def long_test(what, *arguments):
    """Runs tests of LONG. Returns what to record, and whether they passed."""
    start = time.time()
    command = ["go", "test", "-count=1", "-p=1", "-v", *arguments]
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, "WFLOW_LONG": "1"}, capture_output=True, text=True)
    ok = done.returncode == 0 and "--- PASS" in done.stdout
    says = re.findall(r"(?m)^ +\w+_test\.go:\d+: (.*)$", done.stdout)
    print(f"{'ok' if ok else 'FAIL':4} {what}: {'; '.join(says)}", flush=True)
    if not ok:
        print(run.indent((done.stdout + done.stderr).strip()), flush=True)
    return {"what": what, "seconds": round(time.time() - start, 1), "says": says, "holds": ok}, ok


def served(checkout, port):
    """Returns the seconds from `make lab` until JupyterLab answers, and stops it."""
    start = time.time()
    environment = {k: v for k, v in os.environ.items() if not k.startswith(("WFLOW_", "JUPYTER_", "MAKE"))}
    lab = subprocess.Popen(["make", "lab", f"PORT={port}", "BROWSER=no"], cwd=checkout, env=environment, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        while lab.poll() is None:
            try:
                urllib.request.urlopen(f"http://127.0.0.1:{port}/login", timeout=1)
                return round(time.time() - start, 1)
            except (urllib.error.URLError, OSError):
                time.sleep(0.05)
        raise RuntimeError(f"make lab ended with status {lab.returncode}")
    finally:
        if lab.poll() is None:
            os.killpg(lab.pid, 2)
            lab.wait(30)


def fresh_clone():
    """Returns the seconds to a served lab: of a fresh clone with warm caches, and of a second start."""
    with tempfile.TemporaryDirectory() as folder:
        checkout = Path(folder) / "wflowlab"
        start = time.time()
        subprocess.run(["git", "clone", "-q", str(ROOT), str(checkout)], check=True)
        first = round(time.time() - start + served(checkout, 8931), 1)
        return first, served(checkout, 8931)


def write(result):
    """Writes the results so that an interruption leaves the old ones or the new ones."""
    beside = RESULTS.with_name(f".{RESULTS.name}.new")
    beside.write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n")
    os.replace(beside, RESULTS)


def main():
    os.environ["WFLOW_ACCEPT"] = "1"
    named = sys.argv[1:]
    notebooks = [Path(name) for name in named if name not in LONG] if named else sorted((ROOT / "notebooks").glob("[0-9]*.ipynb"))
    for path in notebooks:
        if not path.is_file():
            sys.exit(f"accept.py: {path}: no notebook, and none of {', '.join(LONG)}")
    machine = {
        "processor": processor(),
        "cores": os.cpu_count(),
        "go": os.environ["GOTOOLCHAIN"],
        "engine": "XLA on the CPU" if os.environ.get("WFLOW_XLA_PLUGIN") else "pure Go",
    }
    result = {"long": {}, "notebooks": {}}
    if named and RESULTS.exists():  # these anew, the others as they are
        result = json.loads(RESULTS.read_text())
    holds = True
    if not named:
        first, again = fresh_clone()
        print(f"fresh clone to a served lab {first} s, second start {again} s", flush=True)
        result["start"] = {**machine, "fresh_clone_seconds": first, "second_seconds": again}
        holds = first < FRESH and again < AGAIN
    for name in [name for name in LONG if name in named or not named]:
        record, ok = long_test(*LONG[name])
        result["long"][name] = {**machine, **record}
        holds &= ok
        write(result)
    for path in notebooks:
        record, ok = accept(path)
        result["notebooks"][path.stem] = {**machine, **record}
        holds &= ok
        write(result)
    for name, record in result["notebooks"].items():
        for c in record["checks"]:
            print(f"{'ok' if c['holds'] else 'FAIL':4} {name}: {c['what']}: {c['mean']:.4g} {c['relation']} {c['bound']:.4g}")
    print("all hold" if holds else "some fall short")
    sys.exit(not holds)


if __name__ == "__main__":
    main()
