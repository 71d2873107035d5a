#!/usr/bin/env python3
"""Generates the seeds of the fuzz targets, fuzz/corpus: small files of every kind that zoo reads.

    python scripts/fuzz_corpus.py

Needs Pillow and NumPy. Nothing is random.
"""

import gzip
import io
import struct
import tarfile
from pathlib import Path

import numpy
from PIL import Image

ROOT = Path(__file__).parent.parent
CORPUS = ROOT / "fuzz/corpus"


def write(target, name, content):
    path = CORPUS / target / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def pixels(width=17, height=13):
    """Smooth colours with one edge."""
    y, x = numpy.mgrid[0:height, 0:width]
    rgb = numpy.stack([x * 15, y * 19, (x > y) * 200], axis=2)
    return rgb.astype(numpy.uint8)


def encoded(image, kind, **options):
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def images():
    rgb = Image.fromarray(pixels())
    alpha = rgb.copy()
    alpha.putalpha(Image.fromarray(pixels()[:, :, 0]))
    grey = rgb.convert("L")
    wide = Image.fromarray(numpy.asarray(grey).astype(numpy.uint16) * 257)
    palette = rgb.quantize(8)
    exif = Image.Exif()
    exif[0x112] = 6
    files = {
        "baseline.jpg": encoded(rgb, "JPEG", subsampling=0),
        "subsampled.jpg": encoded(rgb, "JPEG", subsampling=2, exif=exif),
        "restart.jpg": encoded(rgb, "JPEG", restart_marker_blocks=1),
        "progressive.jpg": encoded(rgb, "JPEG", progressive=True),
        "grey.jpg": encoded(grey, "JPEG"),
        "cmyk.jpg": encoded(rgb.convert("CMYK"), "JPEG"),
        "rgb.jpg": encoded(rgb, "JPEG", keep_rgb=True),
        "rgb.png": encoded(rgb, "PNG", exif=exif),
        "alpha.png": encoded(alpha, "PNG"),
        "16-bit.png": encoded(wide, "PNG"),
        "palette.png": encoded(palette, "PNG", transparency=1),
        "bits.png": encoded(grey.convert("1"), "PNG"),
        "lossy.webp": encoded(rgb, "WEBP", exif=exif),
        "lossless.webp": encoded(alpha, "WEBP", lossless=True),
        "animated.webp": encoded(rgb, "WEBP", save_all=True, append_images=[rgb.rotate(180)]),
        "rgb.bmp": encoded(rgb, "BMP"),
        "palette.bmp": encoded(palette, "BMP"),
        "bits.bmp": encoded(grey.convert("1"), "BMP"),
        "palette.gif": encoded(palette, "GIF", transparency=1),
        "animated.gif": encoded(palette, "GIF", save_all=True, append_images=[palette.rotate(180)]),
        "rgb.tif": encoded(rgb, "TIFF"),
        "lzw.tif": encoded(rgb, "TIFF", compression="tiff_lzw"),
        "deflate.tif": encoded(alpha, "TIFF", compression="tiff_adobe_deflate"),
        "packbits.tif": encoded(grey, "TIFF", compression="packbits"),
        "jpeg.tif": encoded(rgb, "TIFF", compression="jpeg"),
        "16-bit.tif": encoded(wide, "TIFF"),
        "cmyk.tif": encoded(rgb.convert("CMYK"), "TIFF"),
    }
    for name, content in files.items():
        write("image", name, content)


def idx():
    images = struct.pack(">IIII", 0x803, 2, 3, 4) + bytes(range(24))
    labels = struct.pack(">II", 0x801, 2) + bytes([3, 7])
    write("idx", "images", images)
    write("idx", "labels", labels)
    write("idx", "images.gz", gzip.compress(images, mtime=0))


def cifar():
    record = lambda label: bytes([label]) + bytes(3072)
    files = {
        "data_batch_1.bin": b"".join(record(label) for label in range(10)),
        "test_batch.bin": record(3),
        "batches.meta.txt": b"a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n",
    }
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            entry = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    write("cifar", "archive.tar.gz", gzip.compress(out.getvalue(), mtime=0))


def configs():
    for path in sorted((ROOT / "configs").glob("*.json")):
        text = path.read_text().replace("\n", "\r")
        write("config", path.stem, text.encode())
        sets = "\ntrain.epochs=3\nmodel.vit.depth=2\nloader={}\ndata.sea.train=1e3"
        write("config", f"{path.stem}-set", (text + sets).encode())


images()
idx()
cifar()
configs()
