"""Working copies of the notebooks, which Git does not see: env.sh python work.py FOLDER.

The lab serves them, so that running and saving a notebook changes no tracked file. A copy that the reader has not changed is
replaced when there is a newer version. One that the reader has changed stays, and the newer version is put beside it.
"""

import hashlib
import json
import os
import sys
from pathlib import Path

PARTS = ("*.ipynb", "pictures/*", "photographs/**/*")  # what notebooks show and read lies beside them
RECORD = ".delivered.json"  # of every file: the version that was delivered last, and the contents of all that were


def fingerprint(data):
    return hashlib.sha256(data).hexdigest()[:16]


def content(path):
    """Returns a fingerprint of what people write in a file: of a notebook, its cells without their outputs."""
    data = path.read_bytes()
    if path.suffix == ".ipynb":
        try:
            cells = json.loads(data)["cells"]
            data = json.dumps([(c["cell_type"], "".join(c["source"]), c.get("attachments")) for c in cells]).encode()
        except (ValueError, TypeError, KeyError):
            pass  # no notebook: all of it counts
    return fingerprint(data)


def write(path, data):
    """Writes a file so that an interruption leaves the old one or the new one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.new")
    beside.write_bytes(data)
    os.replace(beside, path)


def delivered(folder):
    """Returns the record of a folder. Where it was lost, nothing is known to be as it was delivered."""
    try:
        return json.loads((folder / RECORD).read_text())
    except (OSError, ValueError):
        return {}


def places(path):
    """Yields where a version may be put: NAME.ipynb, NAME.new.ipynb, NAME.new2.ipynb and so on."""
    yield path
    yield path.with_suffix(f".new{path.suffix}")
    number = 2
    while True:
        yield path.with_suffix(f".new{number}{path.suffix}")
        number += 1


def update(source, folder):
    """Brings the working copies in folder up to date with source. Returns what the reader should know, a line each."""
    record = delivered(folder)
    files = {str(path.relative_to(source)): path for part in PARTS for path in sorted(source.glob(part)) if path.is_file()}
    first, renewed, said = not record, [], []
    for name, path in files.items():
        data = path.read_bytes()
        version, known = fingerprint(data), record.setdefault(name, {"version": "", "contents": []})
        if known["version"] == version and (folder / name).exists():
            continue
        known["contents"] = sorted({*known["contents"], content(path)})
        place = next(p for p in places(folder / name) if not p.exists() or content(p) in known["contents"])
        write(place, data)
        known["version"] = version
        if place != folder / name:
            said.append(f"you have changed {name}: it stays as it is, and the new version is beside it, {place.name}")
        elif path.suffix == ".ipynb":
            renewed.append(name)
    for name in [name for name in record if name not in files]:
        known, place = record.pop(name), folder / name
        if place.exists() and content(place) in known["contents"]:
            place.unlink()
            said.append(f"{name} is no longer among the notebooks, and you had not changed it: removed")
    write(folder / RECORD, json.dumps(record, indent=1).encode())
    if first:
        return [f"copied the notebooks to {folder.name}, for you to run and change", *said]
    return [f"new versions: {', '.join(renewed)}", *said] if renewed else said


def main():
    source, folder = Path(os.environ["WFLOW_ROOT"], "notebooks"), Path(sys.argv[1]).resolve()
    if folder == source:
        return
    try:
        for line in update(source, folder):
            print(f"lab: {line}")
    except OSError as error:
        sys.exit(f"\nlab: the working copies: {error}.\n     Fix: mend that, or take another folder: make lab FOLDER=...")


if __name__ == "__main__":
    main()
