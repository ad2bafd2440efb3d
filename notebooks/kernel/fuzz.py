"""make fuzz: every fuzz target, for a number of executions.

    env.sh python fuzz.py EXECUTIONS [TARGETS]

TARGETS is a regular expression of their names. By default Go takes up to a minute to shorten every input that reaches
something new, and so executes next to nothing; here it takes no time for that. It keeps these inputs in its cache, and the
next run begins with them: go clean -fuzzcache forgets them. An input that fails goes to testdata/fuzz of its package, and
go test runs it from then on. Exit status 1 if there is one.
"""

import re
import subprocess
import sys
import time

import gotest

EXECUTIONS = re.compile(r"execs: (\d+) ")
KEPT = re.compile(r"new interesting: (\d+) \(total: (\d+)\)")


def targets(pattern):
    """Returns the fuzz targets whose names the pattern matches: pairs of package and name."""
    done = subprocess.run(["go", "test", "-list", "^Fuzz", "./..."], cwd=gotest.ROOT, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stdout + done.stderr)
    found, names = [], []
    for line in done.stdout.splitlines():
        if line.startswith("Fuzz"):
            names.append(line)
        elif line.startswith("ok"):
            found += [(line.split()[1], name) for name in names if re.search(pattern, name)]
            names = []
    return found


def fuzz(package, name, executions):
    """Runs a target, reports it, and returns whether it held."""
    start, said, done, kept = time.time(), "", 0, 0
    command = ["go", "test", "-run=^$", f"-fuzz=^{name}$", f"-fuzztime={executions}x", "-fuzzminimizetime=0x", gotest.PATIENCE, package]
    process = subprocess.Popen(command, cwd=gotest.ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    for line in process.stdout:
        if found := EXECUTIONS.search(line):
            done = int(found[1])
            if new := KEPT.search(line):
                kept = int(new[2])
            if sys.stdout.isatty() and done:
                left = max(0, executions - done) * (time.time() - start) / done
                print(f"\r     {name}: {done:,} executions, {left:.0f} s left   ", end="", flush=True)
        elif not line.startswith("fuzz: elapsed"):
            said += line
    ok = process.wait() == 0
    if sys.stdout.isatty():
        print("\r\033[K", end="")
    rate = done / max(time.time() - start, 1e-9)
    gotest.report(ok, f"{package} {name}: {done:,} executions, {rate:,.0f}/s, {kept:,} inputs kept", start, said)
    return ok


def main():
    executions, pattern = int(sys.argv[1]), sys.argv[2] if len(sys.argv) > 2 else "."
    found = targets(pattern)
    if not found:
        sys.exit(f"fuzz: no target whose name matches {pattern}")
    results = [fuzz(package, name, executions) for package, name in found]
    print(f"{sum(results)} passed, {len(results) - sum(results)} failed")
    return not all(results)


if __name__ == "__main__":
    gotest.end_with(main)
