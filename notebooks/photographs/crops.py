"""Cuts photographs of scikit-image 0.26.0 into the image folder beside this file.

    pip install --no-deps scikit-image==0.26.0 pillow==13.0.0
    python crops.py

Every class is one photograph. Its images are windows at random places, 45 to 95 % of its height high and up to half as
wide again, reduced to a short side of 96 to 128 pixels. The last of val are PNG; crops.sha256 has the SHA-256 of the bytes
[256, 256, 3] of their crops and mirrored crops, computed with Pillow as ADM's data loader computes them.
"""

import hashlib
import importlib.util
import random
import shutil
from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
PHOTOGRAPHS = Path(importlib.util.find_spec("skimage").origin).parent / "data"
CLASSES = {"astronaut": "astronaut.png", "cat": "chelsea.png", "coffee": "coffee.png", "rocket": "rocket.jpg"}
TRAIN, VAL = 16, 4  # images of a class
SIZE = 256


def window(photograph, draw):
    """Returns a random window of a photograph, reduced."""
    width, height = photograph.size
    high = draw.uniform(0.45, 0.95) * height
    wide = min(draw.uniform(1, 1.5) * high, width)
    left, top = draw.uniform(0, width - wide), draw.uniform(0, height - high)
    scale = draw.randint(96, 128) / min(wide, high)
    box = (left, top, left + wide, top + high)
    return photograph.resize((round(scale * wide), round(scale * high)), Image.LANCZOS, box=box)


def crop(image):
    """Returns the centre crop of ADM."""
    while min(image.size) >= 2 * SIZE:
        image = image.resize(tuple(side // 2 for side in image.size), Image.BOX)
    scale = SIZE / min(image.size)
    image = image.resize(tuple(round(side * scale) for side in image.size), Image.BICUBIC)
    left, top = ((side - SIZE) // 2 for side in image.size)
    return image.crop((left, top, left + SIZE, top + SIZE))


def main():
    sums = []
    for name, file in CLASSES.items():
        photograph = Image.open(PHOTOGRAPHS / file).convert("RGB")
        draw = random.Random(name)
        for split, number in ("train", TRAIN), ("val", VAL):
            folder = HERE / split / name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            for i in range(number):
                image = window(photograph, draw)
                if split == "train" or i < number - 1:
                    image.save(folder / f"{i:02}.jpg", quality=85)
                    continue
                path = folder / f"{i:02}.png"
                image.save(path, optimize=True)
                square = crop(image)
                for kind, m in ("crop", square), ("mirrored", square.transpose(Image.FLIP_LEFT_RIGHT)):
                    sums.append(f"{hashlib.sha256(m.tobytes()).hexdigest()} {path.relative_to(HERE).as_posix()} {kind}\n")
    (HERE / "crops.sha256").write_text("".join(sums))


if __name__ == "__main__":
    main()
