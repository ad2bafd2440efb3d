#!/usr/bin/env python3
"""Writes pillow.json and images/: what Pillow makes of small PNG and JPEG files and of crops of formula images.

  pip install pillow==13.0.0 numpy==2.4.6; pip download --no-deps scikit-image==0.26.0 and unpack it
  python pillow.py SKIMAGE/data                  the goldens, beside this file; it needs jpegtran of libjpeg-turbo
  python pillow.py SKIMAGE/data --measure DIR    20 whole JPEG files with Pillow's pixels, for TestPillowJPEG
"""
import glob, hashlib, io, json, os, struct, subprocess, sys, zlib
import numpy as np
from PIL import Image, features
import jpegs
from jpegs import JFIF, adobe, encode, intervals, segment

here = os.path.dirname(os.path.abspath(__file__))
photographs = sys.argv[1]
MASK = (1 << 64) - 1


def fnv1a64(s):
    h = 14695981039346656037
    for b in s.encode():
        h = ((h ^ b) * 1099511628211) & MASK
    return h


def words(name, n):
    with np.errstate(over="ignore"):
        z = np.arange(n, dtype=np.uint64) + np.uint64(fnv1a64(name)) + np.uint64(0x9E3779B97F4A7C15)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        return z ^ (z >> np.uint64(31))


def noise(name, h, w, c=3):
    """Bytes of the formula's words: the upper 8 bits of word i are byte i."""
    return (words(name, h * w * c) >> np.uint64(56)).astype(np.uint8).reshape(h, w, c)


def sha(im):
    return hashlib.sha256(np.array(im.convert("RGB")).tobytes()).hexdigest()


def crop(im, size):
    """The ADM crop in Pillow's calls."""
    while min(*im.size) >= 2 * size:
        im = im.resize(tuple(x // 2 for x in im.size), resample=Image.BOX)
    scale = size / min(*im.size)
    im = im.resize(tuple(round(x * scale) for x in im.size), resample=Image.BICUBIC)
    x, y = (im.size[0] - size) // 2, (im.size[1] - size) // 2
    return im.crop((x, y, x + size, y + size))


def photograph(name):
    return Image.open(f"{photographs}/{name}").convert("RGB")


def png(w, h, depth, kind, lines, *chunks):
    """A PNG file by hand, for what Pillow does not write."""
    def chunk(t, d):
        return struct.pack(">I", len(d)) + t + d + struct.pack(">I", zlib.crc32(t + d))
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, depth, kind, 0, 0, 0)) +
            b"".join(chunk(t, d) for t, d in chunks) + chunk(b"IDAT", zlib.compress(b"".join(b"\0" + l for l in lines), 9)) + chunk(b"IEND", b""))


def saved(im, **k):
    f = io.BytesIO()
    im.save(f, **k)
    return f.getvalue()


def sampling(jpeg, factors, w, h):
    """The same blocks under other sampling factors of luma: a scrambled picture, but an honest file."""
    i = jpeg.index(b"\xff\xc0")
    b = bytearray(jpeg)
    b[i + 5:i + 9] = struct.pack(">HH", h, w)
    b[i + 11] = factors
    return bytes(b)


def goldens():
    rng = np.random.default_rng(5)
    sizes = [(1, 1, 8), (1, 700, 16), (700, 1, 16), (3, 2000, 32), (255, 256, 256), (511, 512, 256), (512, 511, 256), (513, 1025, 256),
             (1023, 1500, 256), (64, 64, 256), (127, 128, 64), (17, 31, 16),
             (527, 92, 59), (400, 199, 64), (400, 200, 64), (400, 201, 64), (1100, 400, 100), (130, 64, 96),  # on both sides of twice as high as wide
             (64, 70, 48), (70, 64, 48)]  # a side of 52½
    sizes += [(int(h), int(w), int(s)) for h, w, s in zip(rng.integers(8, 700, 28), rng.integers(8, 700, 28), rng.integers(4, 200, 28))]
    crops = []
    for h, w, s in sizes:
        name = f"latent/crop/{h}x{w}"
        crops.append(dict(name=name, height=h, width=w, size=s, sha256=hashlib.sha256(np.array(crop(Image.fromarray(noise(name, h, w)), s)).tobytes()).hexdigest()))

    files = {}
    a = noise("latent/png", 9, 11, 4)
    rgb = Image.fromarray(a[..., :3])
    files["rgb.png"] = saved(rgb, format="PNG")
    files["rgba.png"] = saved(Image.fromarray(a), format="PNG")
    files["grey.png"] = saved(Image.fromarray(a[..., 0]), format="PNG")
    files["grey-alpha.png"] = saved(Image.merge("LA", [Image.fromarray(a[..., k].copy()) for k in (0, 1)]), format="PNG")
    files["bits.png"] = saved(Image.fromarray(a[..., 0]).convert("1"), format="PNG")
    files["palette.png"] = saved(rgb.quantize(13), format="PNG")
    files["palette-alpha.png"] = saved(rgb.quantize(7), format="PNG", transparency=bytes([0, 9, 200]))
    files["rgb-transparent.png"] = saved(rgb, format="PNG", transparency=tuple(int(v) for v in a[3, 4, :3]))
    for depth in (1, 2, 4):
        lines = [a[y].tobytes()[:(11 * depth + 7) // 8] for y in range(9)]
        files[f"grey{depth}.png"] = png(11, 9, depth, 0, lines)
        files[f"palette{depth}.png"] = png(11, 9, depth, 3, lines, (b"PLTE", a.tobytes()[:3 * (1 << depth)]))
    wide = noise("latent/png16", 9, 11, 8)
    files["rgb16.png"] = png(11, 9, 16, 2, [wide[y, :, :6].tobytes() for y in range(9)])
    files["rgba16.png"] = png(11, 9, 16, 6, [wide[y].tobytes() for y in range(9)])
    files["grey-alpha16.png"] = png(11, 9, 16, 4, [wide[y, :, :4].tobytes() for y in range(9)])

    def piece(name, x, y, w, h):
        return photograph(name).crop((x, y, x + w, y + h))
    cat, eye, cup, rocket = piece("chelsea.png", 140, 60, 90, 71), piece("astronaut.png", 180, 60, 77, 64), piece("coffee.png", 250, 120, 81, 66), piece("rocket.jpg", 300, 100, 64, 75)
    files["444.jpg"] = saved(cat, format="JPEG", quality=90, subsampling=0)
    files["422.jpg"] = saved(eye, format="JPEG", quality=85, subsampling=1)
    files["420.jpg"] = saved(cup, format="JPEG", quality=75, subsampling=2)
    files["420-progressive.jpg"] = saved(rocket, format="JPEG", quality=92, subsampling=2, progressive=True)
    files["420-exif.jpg"] = saved(cat, format="JPEG", quality=80, subsampling=2, exif=b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x06\0\0\0\0\0\0")
    files["grey.jpg"] = saved(cup.convert("L"), format="JPEG", quality=80)
    files["rgb.jpg"] = saved(eye, format="JPEG", quality=90, keep_rgb=True)
    files["cmyk.jpg"] = saved(cup.convert("CMYK"), format="JPEG", quality=90)
    ycck = bytearray(saved(cup.convert("CMYK"), format="JPEG", quality=90))
    ycck[ycck.index(b"Adobe") + 11] = 2  # the same numbers, read as luma, chroma and black
    files["ycck.jpg"] = bytes(ycck)
    w, h = cat.size
    files["440.jpg"] = sampling(saved(cat, format="JPEG", quality=90, subsampling=1), 0x12, -(-w // 16) * 8 - 3, -(-h // 8) * 16 - 5)
    files["411.jpg"] = sampling(saved(cat, format="JPEG", quality=90, subsampling=2), 0x41, -(-w // 16) * 32 - 3, -(-h // 16) * 8 - 5)
    for w in (1, 2, 3, 4, 5, 6):  # where libjpeg-turbo has and has not its triangle filter
        for k, name in ((1, "422"), (2, "420")):
            files[f"{name}-{w}.jpg"] = saved(Image.fromarray(noise(f"latent/narrow/{w}", 7 - w, w)), format="JPEG", quality=95, subsampling=k)
    flat = noise("latent/flat", 24, 24).repeat(8, axis=0).repeat(8, axis=1)  # blocks of one colour: nothing is left to rounding
    files["flat.jpg"] = saved(Image.fromarray(flat), format="JPEG", quality=98, subsampling=0)
    files |= uncommon(piece("coffee.png", 280, 150, 35, 29))
    os.makedirs(here + "/images", exist_ok=True)
    for old in glob.glob(here + "/images/*"):
        os.remove(old)
    images, refused = {}, {}
    for name, data in sorted(files.items()):
        open(f"{here}/images/{name}", "wb").write(data)
        try:
            im = Image.open(io.BytesIO(data))
            images[name] = dict(width=im.size[0], height=im.size[1], sha256=sha(im))
        except Exception as e:
            refused[name] = f"{type(e).__name__}: {e}".split(" <")[0]
    with open(here + "/pillow.json", "w") as f:
        json.dump(dict(pillow=Image.__version__, libjpeg_turbo=features.version("libjpeg_turbo"), crops=crops, images=images, refused=refused), f, indent=1)


def uncommon(scene):
    """JPEG files that Pillow does not write, whole and damaged."""
    ycc = [np.array(p) for p in scene.convert("YCbCr").split()]
    inks = [255 - np.array(p) for p in scene.convert("CMYK").split()]
    inks[3] = np.minimum(255 - inks[3] + inks[0] // 3 + 90, 255).astype(np.uint8)
    rgb = [np.array(p) for p in scene.split()]
    files = {}
    for s in ("11,21,11", "11,22,22", "22,11,12", "22,12,11", "22,21,11", "22,22,11", "21,11,21", "12,11,12", "31,11,11", "32,11,11", "13,11,11", "23,11,11", "14,11,11",
              "24,11,11", "41,21,11", "42,21,11", "31,31,31", "13,13,11", "22,22,22", "31,11,31", "31,21,11", "23,22,11"):
        files[f"sampling-{s.replace(',', '-')}.jpg"] = encode(ycc, s)
    files["sampling-44-11-11-apart.jpg"] = encode(ycc, "44,11,11", scans="apart")
    files["sampling-31-11-11-progressive.jpg"] = encode(ycc, "31,11,11", sof=0xC2, scans="progressive")
    files["sampling-22-11-12-progressive.jpg"] = encode(ycc, "22,11,12", sof=0xC2, scans="progressive")
    files["sampling-22-11-12-apart.jpg"] = encode(ycc, "22,11,12", scans="apart")
    files["sampling-grey-23.jpg"] = encode(ycc[:1], "23", scans="apart")
    for s in ("11,11,11,11", "22,11,11,22", "21,21,21,21", "22,22,22,22", "21,11,11,21", "11,11,11,21"):
        name = s.replace(",", "-")
        files[f"cmyk-{name}-bare.jpg"] = encode(inks, s, before=b"")
        files[f"cmyk-{name}.jpg"] = encode(inks, s, before=adobe(0))
        files[f"ycck-{name}.jpg"] = encode(inks, s, before=adobe(2))
    files["cmyk-progressive-bare.jpg"] = encode(inks, "11,11,11,11", before=b"", sof=0xC2, scans="progressive")
    files["cmyk-jfif.jpg"] = encode(inks, "11,11,11,11", before=JFIF)
    for name, before, ids in (("adobe-1-named-rgb", adobe(1), b"RGB"), ("adobe-0-named-rgb", adobe(0), b"RGB"), ("adobe-0", adobe(0), b"\1\2\3"), ("adobe-2", adobe(2), b"\1\2\3"),
                              ("jfif-named-rgb", JFIF, b"RGB"), ("jfif-adobe-0", JFIF + adobe(0), b"\1\2\3"), ("named-rgb", b"", b"RGB"), ("named-small-rgb", b"", b"rgb"),
                              ("named-0-1-2", b"", b"\0\1\2"), ("named-nothing", b"", b"\1\2\3")):
        files[f"colour-{name}.jpg"] = encode(rgb, "21,11,11", before=before, ids=ids)
    base = encode(ycc, "21,11,11")
    arithmetic = [subprocess.run(["jpegtran", "-arithmetic", *more], input=base, capture_output=True, check=True).stdout for more in ([], ["-progressive"])]
    files["process-extended.jpg"] = encode(ycc, "21,11,11", sof=0xC1)
    files["process-arithmetic.jpg"], files["process-arithmetic-progressive.jpg"] = arithmetic
    files["process-lossless.jpg"] = encode(rgb, "11,11,11", sof=0xC3, before=b"")
    files["process-12-bit.jpg"] = encode(ycc, "21,11,11", sof=0xC1, precision=12)
    files["process-hierarchical.jpg"] = encode(ycc, "21,11,11", sof=0xC5)
    files["components-2.jpg"] = encode(ycc[:2], "11,11")
    files["components-5.jpg"] = encode(ycc + ycc[:2], "11,11,11,11,11", ids=b"\1\2\3\4\5", scans="apart")

    head, parts, end = intervals(encode(ycc, "11,11,11", restart=2))

    def damaged(name, parts, end=end):
        files[f"damage-{name}.jpg"] = head + b"".join(parts) + end
    damaged("none", parts)
    damaged("restart-swapped", parts[:1] + [parts[1][:-1] + parts[2][-1:], parts[2][:-1] + parts[1][-1:]] + parts[3:])
    damaged("restart-intervals-swapped", parts[:1] + [parts[2], parts[1]] + parts[3:])
    damaged("restart-interval-lost", parts[:2] + parts[3:])
    damaged("restart-marker-lost", parts[:2] + [parts[2][:-2]] + parts[3:])
    damaged("restart-interval-twice", parts[:3] + parts[2:])
    damaged("zeros-in-interval", parts[:2] + [bytes(len(parts[2]) - 2) + parts[2][-2:]] + parts[3:])
    damaged("ones-in-interval", parts[:2] + [b"\xff\0" * 20 + parts[2][-2:]] + parts[3:])
    damaged("bytes-before-restart", parts[:2] + [parts[2][:-2] + b"\x12\x34\x56" + parts[2][-2:]] + parts[3:])
    damaged("data-end-early", parts[:4], end[-2:])
    damaged("cut-off", parts[:4], b"")
    damaged("no-end", parts, end[:-2])
    damaged("bytes-before-end", parts, end[:-2] + b"\x12\x34" + end[-2:])
    damaged("bytes-behind-end", parts, end + b"more")
    damaged("picture-behind-end", parts, end + base)
    i = base.index(b"\xff\xda") + 14
    files["damage-zeros.jpg"] = base[:i + 100] + bytes(60) + base[i + 160:]
    files["damage-bits.jpg"] = base[:i + 100] + bytes(b ^ 0x5A for b in base[i + 100:i + 110]).replace(b"\xff", b"\0") + base[i + 110:]
    files["damage-marker-in-data.jpg"] = base[:i + 100] + b"\xff\xe7\0\4ab" + base[i + 100:]
    files["odd-no-huffman-table.jpg"] = base.replace(jpegs.AC_SEGMENT, b"")
    files["damage-no-quantisation-table.jpg"] = base.replace(b"\xff\xdb", b"\xff\xec")
    files["damage-two-frames.jpg"] = base.replace(b"\xff\xc4", b"\xff\xc0\0\x11" + base[base.index(b"\xff\xc0") + 4:][:15] + b"\xff\xc4", 1)
    files["damage-no-height.jpg"] = base.replace(struct.pack(">HH", 29, 35), struct.pack(">HH", 0, 35), 1)
    files["odd-fill-bytes.jpg"] = base.replace(b"\xff\xc4", b"\xff\xff\xff\xc4")
    files["odd-bytes-between-segments.jpg"] = base.replace(b"\xff\xdb", b"\0\1\2\xff\xdb")
    files["odd-spaces-at-start.jpg"] = b"  " + base
    return files


def measure(folder):
    os.makedirs(folder, exist_ok=True)
    n = 0

    def write(data):
        nonlocal n
        n += 1
        open(f"{folder}/{n:02d}.jpg", "wb").write(data)
        Image.open(io.BytesIO(data)).convert("RGB").save(f"{folder}/{n:02d}.jpg.png")
    for name in ("hubble_deep_field.jpg", "retina.jpg", "rocket.jpg"):
        write(open(f"{photographs}/{name}", "rb").read())
    for name, q, s, p in [("astronaut", 95, 0, 0), ("astronaut", 75, 2, 0), ("astronaut", 50, 2, 0), ("chelsea", 90, 2, 0), ("chelsea", 85, 1, 0), ("chelsea", 60, 0, 0),
                          ("coffee", 95, 2, 0), ("coffee", 80, 2, 1), ("coffee", 70, 1, 1), ("motorcycle_left", 92, 2, 0), ("motorcycle_left", 75, 2, 1), ("motorcycle_right", 85, 2, 0),
                          ("ihc", 75, 2, 0), ("brick", 90, 2, 0), ("grass", 75, 2, 0), ("gravel", 95, 0, 1), ("camera", 80, 2, 0)]:
        write(saved(photograph(name + ".png"), format="JPEG", quality=q, subsampling=s, progressive=bool(p)))


if sys.argv[2:3] == ["--measure"]:
    measure(sys.argv[3])
else:
    goldens()
