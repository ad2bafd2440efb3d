"""What test.py, soak.py and fuzz.py share: Go tests, and how each package fared."""

import collections
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import run

ROOT = Path(os.environ["WFLOW_ROOT"])
PATIENCE = "-timeout=2h"  # ends a test that hangs; no test is so slow, on any machine


def end_with(main):
    """Ends the program with what main returns, or with 130 at an interrupt."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)


def report(ok, name, start, details=""):
    """Prints one line, and the details of what failed."""
    print(f"{'ok' if ok else 'FAIL':4} {time.time() - start:7.1f} s  {name}", flush=True)
    if not ok and details.strip():
        print(run.indent(details.strip()), flush=True)


def tests(name, arguments, **environment):
    """Runs go test, reports each package, and returns how many tests passed and failed, examples included and subtests not."""
    command = ["go", "test", "-json", PATIENCE, *arguments]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said, running, results = collections.defaultdict(str), collections.defaultdict(list), collections.Counter()
    complaint, start = "", time.time()
    for line in process.stdout:
        if not line.startswith("{"):
            complaint += line
            continue
        event = json.loads(line)
        action, test = event["Action"], event.get("Test", "")
        package = event.get("Package") or event.get("ImportPath", "").split(" ")[0]
        if action in ("output", "build-output"):
            said[package, test.split("/")[0]] += event["Output"]
        elif action == "run" and "/" not in test:
            running[package].append(test)
        elif action in ("pass", "fail", "skip") and test and "/" not in test:
            running[package].remove(test)
            results[package, action] += 1
            if action == "fail":
                report(False, f"{name}: {package}: {test}", start, said[package, test])
        elif action in ("pass", "fail") and not test:
            good, bad = results[package, "pass"], results[package, "fail"]
            details = said[package, ""]
            if action == "fail" and not bad:  # it did not compile, or died within a test or outside
                bad = results[package, "fail"] = 1
                details += "".join(said.pop((package, test), "") for test in running[package])
            if good or bad:
                report(not bad, f"{name}: {package}: {good} tests", start, details)
    good, bad = (sum(n for (_, a), n in results.items() if a == action) for action in ("pass", "fail"))
    if process.wait() and not bad:
        bad = 1
        report(False, name, start, complaint)
    return good, bad
