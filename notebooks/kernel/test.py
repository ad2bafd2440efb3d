"""make test: everything that has to hold, in one run. Prints a line per check with its seconds, and counts at the end."""

import os
import platform
import shutil
import subprocess
import time
import unittest

import gotest
import run
from gotest import ROOT, report

PLUGIN = os.environ.get("WFLOW_XLA_PLUGIN", "")
PURE_GO = {"WFLOW_XLA_PLUGIN": ""}
MODULE = "github.com/wflowlab/wflowlab/"
WASM = {"GOOS": "js", "GOARCH": "wasm"}
SYSTEMS = ["windows/amd64", "darwin/arm64", "linux/arm64"]
PORTABLE = ["./sinkhorn", "./toy", "./wflow", "./wflow/mlp", "./wflow/stream"]  # build for a page
ON_WASM = ["./toy/...", "./wflow/stream", "./sinkhorn", "./sinkhorn/internal/..."]  # tested on js/wasm too
KERNEL = ROOT / "notebooks" / "kernel"
KERNELS = "sinkhorn/internal/softmin/asm"  # a module of its own: what writes the assembly
PLAIN = ["./sinkhorn", "./toy", "./viz", "./wflow"]  # free of GoMLX, so that their cells start at once
ROOMS = ["internal", "sinkhorn", "wflow/stream", "toy", "wflow", "viz", "imagenet", "notebooks"]  # each imports only those before it

began = time.time()
passed = failed = 0


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
    """Runs Go tests and returns how many passed."""
    good, bad = gotest.tests(name, packages, **environment)
    count(good, bad)
    return good


def gomlx_packages():
    """Returns the packages that use GoMLX, in their code or their tests."""
    lists = ("Deps", "TestImports", "XTestImports")
    form = "{{.ImportPath}}" + "".join("{{range .%s}} {{.}}{{end}}" % name for name in lists)
    _, out, _ = output("go", "list", "-f", form, "./...")
    return [line.split()[0] for line in out.splitlines() if "github.com/gomlx/gomlx/" in line]


def elsewhere(system, *packages):
    """Builds and vets for another system, without C."""
    os_, _, processor = system.partition("/")
    for verb in ("build", "vet"):
        check(f"go {verb}, {system}", "go", verb, *packages, GOOS=os_, GOARCH=processor, CGO_ENABLED="0")


def free_of_gomlx():
    start = time.time()
    status, out, err = output("go", "list", "-deps", *PLAIN)
    found = [package for package in out.split() if package.startswith("github.com/gomlx/")]
    ok = status == 0 and not found
    report(ok, f"no GoMLX below {' '.join(PLAIN)}", start, err + "\n".join(found))
    count(0, not ok)


def room(package):
    """Returns the place in ROOMS of a package of ours, given by its path in the repository."""
    return max((i for i, folder in enumerate(ROOMS) if f"{package}/".startswith(f"{folder}/")), key=lambda i: len(ROOMS[i]))


def downward():
    """Checks that no package, nor its tests, imports from a room above its own."""
    start = time.time()
    form = "{{.ImportPath}}" + "".join("{{range .%s}} {{.}}{{end}}" % name for name in ("Imports", "TestImports", "XTestImports"))
    status, out, err = output("go", "list", "-f", form, "./...")
    upward = []
    for line in out.splitlines():
        package, *imports = [path.removeprefix(MODULE) for path in line.split() if path.startswith(MODULE)]
        upward += [f"{package} imports {path}" for path in imports if room(path) > room(package)]
    ok = status == 0 and not upward
    report(ok, f"imports point down: {' < '.join(ROOMS)}", start, err + "\n".join(upward))
    count(0, not ok)


def own_tests(name, files):
    """Runs the tests in files of Python here and returns how many passed."""
    start = time.time()
    suite = unittest.defaultTestLoader.discover(KERNEL, files)
    with open(os.devnull, "w") as nowhere:
        result = unittest.TextTestRunner(stream=nowhere).run(suite)
    bad = result.failures + result.errors
    good = result.testsRun - sum(isinstance(test, unittest.TestCase) for test, _ in bad + result.skipped)
    report(not bad, f"{name}: {good} tests", start, "\n".join(f"{test}\n{trace}" for test, trace in bad))
    for why in sorted({why for _, why in result.skipped}):
        print(f"     {name}: some left out: {why}", flush=True)
    count(good, len(bad))
    return good


def notebooks():
    """Checks what is stored in each notebook and runs it at its small size. Returns how many passed."""
    good = 0
    for path in sorted(ROOT.glob("notebooks/*.ipynb")):
        ran = run.run(path, run.smaller)[1]
        stored = [problem for problem in run.check(path).problems if problem not in ran.problems]
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
    check("actionlint", "actionlint", "-shellcheck=", "-pyflakes=", *map(str, sorted(ROOT.glob(".github/workflows/*.yml"))))
    for module in (".", "notebooks/kernel", KERNELS):
        check(f"go mod verify, {module}", "go", "-C", module, "mod", "verify")
        check(f"go mod tidy, {module}", "go", "-C", module, "mod", "tidy", "-diff")
    check("the assembly is what its generator writes", "go", "-C", KERNELS, "test", "./...")
    check("the packages that GoNB is mended with", "go", "-C", "notebooks/kernel", "test", "./gonb/...")
    free_of_gomlx()
    downward()
    for system in SYSTEMS:
        elsewhere(system, "./...")
    elsewhere("js/wasm", *PORTABLE)
    counts = {"Go tests": go_test("go test", ["./..."], **PURE_GO)}
    for kernels in ("AVX2", "Go") if platform.machine() in ("x86_64", "AMD64") else ():
        # Go's cache of tests does not see what TestMain reads, and would give the results of other kernels.
        counts[f"on {kernels} kernels"] = go_test(f"{kernels} kernels", ["-count=1", "./sinkhorn"], WFLOW_KERNELS=kernels)
    if PLUGIN:
        counts["again on XLA"] = go_test("XLA", gomlx_packages(), WFLOW_XLA_PLUGIN=PLUGIN)
    else:
        print("     XLA left out: it has no plugin here (see what make lab said)", flush=True)
    if shutil.which("node"):
        counts["on js/wasm"] = go_test("js/wasm", ON_WASM, **WASM, PATH=f"{goroot}/lib/wasm:{os.environ['PATH']}")
    else:
        print("     tests on js/wasm left out: no node on PATH", flush=True)
    counts["of the kernel"] = own_tests("runner and kernel", "[!b]*_test.py")
    counts["in a browser"] = own_tests("in a browser", "browser*_test.py")
    counts["notebooks"] = notebooks()

    words = ", ".join(f"{number} {name}" for name, number in counts.items())
    print(f"\n{words}: {'some failed' if failed else 'all passed'}, {time.time() - began:.0f} s")
    print(f"{passed} passed, {failed} failed")
    return failed > 0


if __name__ == "__main__":
    gotest.end_with(main)
