"""A small JPEG encoder for the files that Pillow reads but does not write, and the ways to damage them; pillow.py uses it."""
import io, math, re, struct
import numpy as np
from PIL import Image

ZIGZAG = sorted(range(64), key=lambda k: (k // 8 + k % 8, k // 8 if (k // 8 + k % 8) % 2 else k % 8))
COSINES = np.array([[math.sqrt((1 if u == 0 else 2) / 8) * math.cos((2 * x + 1) * u * math.pi / 16) for x in range(8)] for u in range(8)])
RST = re.compile(b"\xff[\xd0-\xd7]")


def segment(marker, data):
    return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data


JFIF = segment(0xE0, b"JFIF\0\1\1\0\0\1\0\1\0\0")


def adobe(transform):
    return segment(0xEE, b"Adobe\0\x64\0\0\0\0" + bytes([transform]))


def huffman():
    """The example tables of the standard, as Pillow writes them: DC and AC of luma, as segments and as symbol → (code, bits)."""
    f = io.BytesIO()
    Image.new("L", (8, 8)).save(f, format="JPEG")
    b, i, out = f.getvalue(), 2, []
    while b[i + 1] != 0xDA:
        n = struct.unpack(">H", b[i + 2:i + 4])[0]
        if b[i + 1] == 0xC4:
            lengths, symbols, code, k, table = b[i + 5:i + 21], b[i + 21:i + 2 + n], 0, 0, {}
            for bits, count in enumerate(lengths, 1):
                for _ in range(count):
                    table[symbols[k]] = (code, bits)
                    code, k = code + 1, k + 1
                code <<= 1
            out.append((b[i:i + 2 + n], table))
        i += 2 + n
    return out[:2]


(DC_SEGMENT, DC), (AC_SEGMENT, AC) = huffman()


class Bits:
    def __init__(self):
        self.text = []

    def put(self, value, n):
        if n:
            self.text.append(format(value, f"0{n}b"))

    def symbol(self, table, s):
        self.put(*table[s])

    def number(self, v):
        n = abs(v).bit_length()
        self.put(v if v >= 0 else v + (1 << n) - 1, n)

    def take(self):
        s = "".join(self.text)
        s += "1" * (-len(s) % 8)
        self.text = []
        return bytes(int(s[i:i + 8], 2) for i in range(0, len(s), 8)).replace(b"\xff", b"\xff\0")


def encode(planes, sampling, before=JFIF, ids=(1, 2, 3, 4), sof=0xC0, scans="together", restart=0, step=20, precision=8, predictor=1):
    """The planes, all of the picture's size, in a JPEG file. Scans are together, apart (one a component) or progressive; sof
    0xC3 makes it lossless."""
    height, width = planes[0].shape
    factors = [(int(s[0]), int(s[1])) for s in sampling.split(",")]
    most = [max(f[k] for f in factors) for k in (0, 1)]
    mcus = [-(-size // (8 * m)) for size, m in zip((width, height), most)]
    table = segment(0xDB, b"\0" + bytes([step] * 64))
    frame = struct.pack(">BHHB", precision, height, width, len(planes)) + b"".join(bytes([i, 16 * h + v, 0]) for i, (h, v) in zip(ids, factors))
    out = b"\xff\xd8" + before + (table if sof != 0xC3 else b"") + segment(sof, frame) + DC_SEGMENT + (AC_SEGMENT if sof != 0xC3 else b"")
    if restart:
        out += segment(0xDD, struct.pack(">H", restart))

    def scan(components, head, units):
        """units yields, for every MCU, functions of the writer and the DC predictions."""
        data, bits, past, mark = b"", Bits(), {}, 0
        for n, unit in enumerate(units):
            if restart and n and n % restart == 0:
                data += bits.take() + bytes([0xFF, 0xD0 + mark % 8])
                past, mark = {}, mark + 1
            unit(bits, past)
        return segment(0xDA, bytes([len(components)]) + b"".join(bytes([ids[c], 0]) for c in components) + bytes(head)) + data + bits.take()

    if sof == 0xC3:
        def sample(y, x):
            def unit(bits, past):
                for p in planes:
                    guess = 128 if y == x == 0 else int(p[y - 1, 0]) if x == 0 else int(p[y, x - 1])
                    d = int(p[y, x]) - guess
                    bits.symbol(DC, abs(d).bit_length())
                    bits.number(d)
            return unit
        units = [sample(y, x) for y in range(height) for x in range(width)]
        return out + scan(range(len(planes)), (predictor, 0, 0), units) + b"\xff\xd9"

    blocks = []
    for plane, (h, v) in zip(planes, factors):
        rows = np.minimum(np.arange(mcus[1] * v * 8) * most[1] // v, height - 1)
        columns = np.minimum(np.arange(mcus[0] * h * 8) * most[0] // h, width - 1)
        p = plane[rows][:, columns].astype(float) - 128
        p = p.reshape(mcus[1] * v, 8, mcus[0] * h, 8).transpose(0, 2, 1, 3)
        blocks.append(np.rint(COSINES @ p @ COSINES.T / step).astype(int).reshape(mcus[1] * v, mcus[0] * h, 64)[..., ZIGZAG])

    def dc(c, block):
        def unit(bits, past):
            d = int(block[0]) - past.get(c, 0)
            past[c] = int(block[0])
            bits.symbol(DC, abs(d).bit_length())
            bits.number(d)
        return unit

    def ac(c, block):
        def unit(bits, past):
            run = 0
            for v in map(int, block[1:]):
                if v == 0:
                    run += 1
                    continue
                for _ in range(run // 16):
                    bits.symbol(AC, 0xF0)
                bits.symbol(AC, 16 * (run % 16) + abs(v).bit_length())
                bits.number(v)
                run = 0
            if run:
                bits.symbol(AC, 0)
        return unit

    def chain(units):
        def unit(bits, past):
            for u in units:
                u(bits, past)
        return unit

    def together(parts):
        for my in range(mcus[1]):
            for mx in range(mcus[0]):
                yield chain([part(c, blocks[c][my * v + y, mx * h + x]) for c, (h, v) in enumerate(factors) for y in range(v) for x in range(h) for part in parts])

    def apart(c, parts):
        h, v = factors[c]
        for y in range(-(-(-(-height * v // most[1])) // 8)):
            for x in range(-(-(-(-width * h // most[0])) // 8)):
                yield chain([part(c, blocks[c][y, x]) for part in parts])

    everyone = range(len(planes))
    if scans == "together":
        out += scan(everyone, (0, 63, 0), together((dc, ac)))
    elif scans == "apart":
        out += b"".join(scan([c], (0, 63, 0), apart(c, (dc, ac))) for c in everyone)
    else:
        out += scan(everyone, (0, 0, 0), together((dc,))) + b"".join(scan([c], (1, 63, 0), apart(c, (ac,))) for c in everyone)
    return out + b"\xff\xd9"


def intervals(jpeg):
    """The head of a file of one scan, its restart intervals, each with the marker behind it, and the end."""
    i = jpeg.index(b"\xff\xda")
    i += 2 + struct.unpack(">H", jpeg[i + 2:i + 4])[0]
    data, parts, at = jpeg[i:-2], [], 0
    for m in RST.finditer(data):
        parts.append(data[at:m.end()])
        at = m.end()
    return jpeg[:i], parts, data[at:] + jpeg[-2:]
