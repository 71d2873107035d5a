#!/usr/bin/env python3
"""Records how Pillow decodes a folder of odd images, and compares our decoder with it.

    python scripts/odd_images.py FOLDER                      writes crates/zoo-data/tests/odd_images.csv
    python scripts/odd_images.py FOLDER --decoder PROGRAM    compares pixel by pixel

PROGRAM is target/release/examples/decode, built by `cargo build --release --workspace --examples`.
Needs Pillow 13 and NumPy. Each line of the CSV has the file, the upright width and height, and the mean
colours of an 8 x 8 grid (fewer cells if there are fewer pixels) as hexadecimal RGB, row by row; the
last two are empty if Pillow refuses the file.
"""

import argparse
import csv
import subprocess
import tempfile
import warnings
from pathlib import Path

import numpy
from PIL import Image, ImageOps

READ = {"JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"}
OUT = Path(__file__).parent.parent / "crates/zoo-data/tests/odd_images.csv"


def pillow(path):
    """The first picture, upright, as RGB over white; None if Pillow refuses it."""
    try:
        image = Image.open(path)
        if image.format not in READ:
            return None
        try:
            image.load()
        except OSError:
            # Pillow reports corruption after the picture once; on a second attempt it returns the picture.
            image.load()
        transparency = image.info.get("transparency")
        try:
            image = ImageOps.exif_transpose(image)
        except Exception:
            pass  # The same corruption, met while looking for metadata.
    except Exception:
        return None
    if image.mode == "I;16":
        # Pillow's own conversion clips values at 255 instead of scaling them.
        grey = numpy.asarray(image)
        rgb = numpy.repeat(numpy.rint(grey / 257).astype(numpy.uint8)[:, :, None], 3, axis=2)
        rgb[grey == transparency] = 255
        return rgb
    if image.mode in ("RGBA", "LA", "P", "PA") or transparency is not None:
        image = image.convert("RGBA")
        white = Image.new("RGBA", image.size, (255, 255, 255, 255))
        image = Image.alpha_composite(white, image)
    return numpy.asarray(image.convert("RGB"))


def grid(rgb):
    """Mean colours of the cells, in hexadecimal."""
    height, width, _ = rgb.shape
    rows, columns = min(8, height), min(8, width)
    edges = lambda cells, side: [(i * side // cells, (i + 1) * side // cells) for i in range(cells)]
    cells = (
        rgb[top:bottom, left:right].mean(axis=(0, 1))
        for top, bottom in edges(rows, height)
        for left, right in edges(columns, width)
    )
    return "".join("%02x%02x%02x" % tuple(round(value) for value in cell) for cell in cells)


def compare(path, expected, decoder):
    """Describes how far the program's pixels are from Pillow's."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "out.png"
        said = subprocess.run([decoder, path, out], capture_output=True, text=True)
        if said.returncode:
            reason = said.stderr.strip().splitlines()[-1].replace(str(path), "it")
            return f"refused ({reason})" if expected is None else f"REFUSED: {reason}"
        if expected is None:
            return "READ, though Pillow refuses it"
        found = numpy.asarray(Image.open(out))
    if found.shape != expected.shape:
        return f"SIZE {found.shape[1]}x{found.shape[0]}, not {expected.shape[1]}x{expected.shape[0]}"
    # As bytes, row by row: one of the files has a hundred million pixels.
    rows = [numpy.maximum(a, b) - numpy.minimum(a, b) for a, b in zip(found, expected)]
    mean = sum(row.sum(dtype=int) for row in rows) / expected.size
    far = "  FAR" if mean > 2 else ""
    return f"mean {mean:.3f}, most {max(row.max() for row in rows)}{far}"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--decoder")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    with open(arguments.folder / "MANIFEST.csv", newline="") as manifest:
        names = [row["file"] for row in csv.DictReader(manifest)]
    rows = []
    for name in names:
        rgb = pillow(arguments.folder / name)
        if arguments.decoder:
            print(f"{name}: {compare(arguments.folder / name, rgb, arguments.decoder)}")
        elif rgb is None:
            rows.append((name, "", ""))
        else:
            rows.append((name, f"{rgb.shape[1]}x{rgb.shape[0]}", grid(rgb)))
    if not arguments.decoder:
        with open(OUT, "w", newline="") as out:
            csv.writer(out, lineterminator="\n").writerows(rows)


if __name__ == "__main__":
    main()
