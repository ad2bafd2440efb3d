#!/usr/bin/env python3
"""Writes pillow.json and images/: what Pillow makes of small PNG and JPEG files and of crops of formula images.

  pip install pillow==13.0.0 numpy==2.4.6; pip download --no-deps scikit-image==0.26.0 and unpack it
  python pillow.py SKIMAGE/data                  the goldens, beside this file
  python pillow.py SKIMAGE/data --measure DIR    20 whole JPEG files with Pillow's pixels, for TestPillowJPEG
"""
import hashlib, io, json, os, struct, sys, zlib
import numpy as np
from PIL import Image, features

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
    os.makedirs(here + "/images", exist_ok=True)
    images = {}
    for name, data in files.items():
        open(f"{here}/images/{name}", "wb").write(data)
        im = Image.open(io.BytesIO(data))
        rgb = im.convert("RGB")
        images[name] = dict(width=im.size[0], height=im.size[1], sha256=sha(rgb))
        if name.endswith(".jpg"):
            open(f"{here}/images/{name}.png", "wb").write(saved(rgb, format="PNG", optimize=True))
    with open(here + "/pillow.json", "w") as f:
        json.dump(dict(pillow=Image.__version__, libjpeg_turbo=features.version("libjpeg_turbo"), crops=crops, images=images), f, indent=1)


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
