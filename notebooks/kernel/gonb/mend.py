"""Copies GoNB's source and mends it: python mend.py SOURCE COPY.

Every other file of Python here holds MENDS, a list of (file of GoNB, text that occurs in it once, new text). A mend that no
longer fits is an error. Every folder of Go here is a package that the mends use: it becomes internal/NAME of GoNB.
"""

import importlib
import shutil
import sys
from pathlib import Path

here = Path(__file__).parent
source, copy = map(Path, sys.argv[1:])
shutil.rmtree(copy, ignore_errors=True)
shutil.copytree(source, copy, ignore=shutil.ignore_patterns("docs", "examples"), copy_function=shutil.copyfile)
for folder in [copy, *copy.rglob("*/")]:
    folder.chmod(0o755)  # Go's module cache is read-only
for package in here.glob("*/*.go"):
    if not package.name.endswith("_test.go"):
        (copy / "internal" / package.parent.name).mkdir(exist_ok=True)
        shutil.copy(package, copy / "internal" / package.parent.name)
for mends in sorted(set(here.glob("*.py")) - {Path(__file__)}):
    for name, old, new in importlib.import_module(mends.stem).MENDS:
        file = copy / name
        text = file.read_text()
        if text.count(old) != 1:
            sys.exit(f"gonb/{mends.name}: {name}: {old!r} occurs {text.count(old)} times, want 1: has GoNB changed?")
        file.write_text(text.replace(old, new))
