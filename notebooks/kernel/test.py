"""make test: everything that has to hold, in one run. Prints a line per check with its seconds, and counts at the end."""

import collections
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
import unittest
from pathlib import Path

import run
import run_test

ROOT = Path(os.environ["WFLOW_ROOT"])
PLUGIN = os.environ.get("WFLOW_XLA_PLUGIN", "")
PURE_GO = {"WFLOW_XLA_PLUGIN": ""}
WASM = {"GOOS": "js", "GOARCH": "wasm"}
PORTABLE = ["./sinkhorn", "./toy", "./toy/stream", "./wflow", "./wflow/mlp"]  # build for a page
ON_WASM = ["./toy/...", "./sinkhorn", "./sinkhorn/internal/..."]  # tested on js/wasm too
KERNELS = "sinkhorn/internal/softmin/asm"  # a module of its own: what writes the assembly
PLAIN = ["./sinkhorn", "./toy", "./viz", "./wflow"]  # free of GoMLX, so that their cells start at once

began = time.time()
passed = failed = 0


def report(ok, name, start, details=""):
    """Prints one line, and the details of what failed."""
    print(f"{'ok' if ok else 'FAIL':4} {time.time() - start:7.1f} s  {name}", flush=True)
    if not ok and details.strip():
        print(run.indent(details.strip()), flush=True)


def count(good, bad):
    global passed, failed
    passed, failed = passed + good, failed + bad


def output(*command, **environment):
    done = subprocess.run(command, cwd=ROOT, env={**os.environ, **environment}, capture_output=True, text=True)
    return done.returncode, done.stdout, done.stderr


def check(name, *command, silent=False, **environment):
    """Runs a command that has to succeed and, if silent, to print nothing."""
    start = time.time()
    status, out, err = output(*command, **environment)
    ok = status == 0 and not (silent and out.strip())
    report(ok, name, start, out + err)
    count(0, not ok)


def go_test(name, packages, **environment):
    """Runs Go tests, reports each package, and returns how many tests passed, examples included and subtests not."""
    command = ["go", "test", "-json", *packages]
    process = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **environment}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    said, results, complaint, start = collections.defaultdict(str), collections.Counter(), "", time.time()
    for line in process.stdout:
        if not line.startswith("{"):
            complaint += line
            continue
        event = json.loads(line)
        action, test = event["Action"], event.get("Test", "")
        package = event.get("Package") or event.get("ImportPath", "").split(" ")[0]
        if action in ("output", "build-output"):
            said[package, test.split("/")[0]] += event["Output"]
        elif action in ("pass", "fail", "skip") and test and "/" not in test:
            results[package, action] += 1
            if action == "fail":
                report(False, f"{name}: {package}: {test}", start, said[package, test])
        elif action in ("pass", "fail") and not test:
            good, bad = results[package, "pass"], results[package, "fail"]
            if action == "fail" and not bad:  # it did not compile, or died outside a test
                bad = results[package, "fail"] = 1
            if good or bad:
                report(not bad, f"{name}: {package}: {good} tests", start, said[package, ""])
    good, bad = (sum(n for (_, a), n in results.items() if a == action) for action in ("pass", "fail"))
    if process.wait() and not bad:
        bad = 1
        report(False, name, start, complaint)
    count(good, bad)
    return good


def gomlx_packages():
    """Returns the packages that use GoMLX, in their code or their tests."""
    lists = ("Deps", "TestImports", "XTestImports")
    form = "{{.ImportPath}}" + "".join("{{range .%s}} {{.}}{{end}}" % name for name in lists)
    _, out, _ = output("go", "list", "-f", form, "./...")
    return [line.split()[0] for line in out.splitlines() if "github.com/gomlx/gomlx/" in line]


def free_of_gomlx():
    start = time.time()
    status, out, err = output("go", "list", "-deps", *PLAIN)
    found = [package for package in out.split() if package.startswith("github.com/gomlx/")]
    ok = status == 0 and not found
    report(ok, f"no GoMLX below {' '.join(PLAIN)}", start, err + "\n".join(found))
    count(0, not ok)


def own_tests():
    """Runs run_test.py and returns how many of its tests passed."""
    start = time.time()
    suite = unittest.defaultTestLoader.loadTestsFromModule(run_test)
    with open(os.devnull, "w") as nowhere:
        result = unittest.TextTestRunner(stream=nowhere).run(suite)
    bad = result.failures + result.errors
    good = result.testsRun - len(bad)
    report(not bad, f"runner and kernel: {good} tests", start, "\n".join(f"{test}\n{trace}" for test, trace in bad))
    count(good, len(bad))
    return good


def notebooks():
    """Checks what is stored in each notebook and runs it at its small size. Returns how many passed."""
    good = 0
    for path in sorted(ROOT.glob("notebooks/[0-9]*.ipynb")):
        ran = run.run(path, run.smaller)[1]
        stored = run.output_problems(run.nbformat.read(path, 4))
        ran.notebook = str(path.relative_to(ROOT))
        ran.problems += [f"as stored: {problem}" for problem in stored]
        print(run.verdict(ran), flush=True)
        count(not ran.problems, bool(ran.problems))
        good += not ran.problems
    return good


def main():
    goroot = output("go", "env", "GOROOT")[1].strip()
    folders = [entry.name for entry in sorted(ROOT.iterdir()) if entry.is_dir() and not entry.name.startswith(".")]

    check("gofmt", f"{goroot}/bin/gofmt", "-l", *folders, silent=True)
    check("go vet", "go", "vet", "./...")
    check("staticcheck", "staticcheck", "./...")
    for module in (".", "notebooks/kernel", KERNELS):
        check(f"go mod verify, {module}", "go", "-C", module, "mod", "verify")
        check(f"go mod tidy, {module}", "go", "-C", module, "mod", "tidy", "-diff")
    check("the assembly is what its generator writes", "go", "-C", KERNELS, "test", "./...")
    free_of_gomlx()
    check("js/wasm build", "go", "build", *PORTABLE, **WASM)
    counts = {"Go tests": go_test("go test", ["./..."], **PURE_GO)}
    for kernels in ("AVX2", "Go") if platform.machine() in ("x86_64", "AMD64") else ():
        counts[f"on {kernels} kernels"] = go_test(f"{kernels} kernels", ["./sinkhorn"], WFLOW_KERNELS=kernels)
    if PLUGIN:
        counts["again on XLA"] = go_test("XLA", gomlx_packages(), WFLOW_XLA_PLUGIN=PLUGIN)
    else:
        print("     XLA left out: it has no plugin here (see what make lab said)", flush=True)
    if shutil.which("node"):
        counts["on js/wasm"] = go_test("js/wasm", ON_WASM, **WASM, PATH=f"{goroot}/lib/wasm:{os.environ['PATH']}")
    else:
        print("     tests on js/wasm left out: no node on PATH", flush=True)
    counts["of the kernel"] = own_tests()
    counts["notebooks"] = notebooks()

    words = ", ".join(f"{number} {name}" for name, number in counts.items())
    print(f"\n{words}: {'some failed' if failed else 'all passed'}, {time.time() - began:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
