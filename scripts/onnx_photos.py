#!/usr/bin/env python3
"""Compares ONNX files with `zoo predict` on photos, from the files to the probabilities.

    VENV/bin/pip install onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy pillow
    VENV/bin/python scripts/onnx_photos.py target/release/zoo RUN FOLDER...
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import onnxruntime
import openvino
from PIL import Image, ImageOps

from onnx_check import export, weights_info


def check_photos(zoo, weights, folders):
    """From files to probabilities, against `zoo predict`."""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        said = subprocess.run([zoo, "predict", weights, *folders, "--json", "--top-k", "99999", "-q"],
                              capture_output=True, text=True)
        if not said.stdout:
            sys.exit(said.stderr)
        said = json.loads(said.stdout)
        preprocess = weights_info(pathlib.Path(weights))["preprocess"]
        prepared = {"sized": ([], lambda image: resized(image, preprocess)), "any size": (["--any-size"], lambda image: image)}
        for label, (form, prepare) in prepared.items():
            file = export(zoo, weights, folder, form, None)
            for runtime, results in sessions(file).items():
                worst, same = 0, 0
                for image in said:
                    expected = np.zeros(len(image["predictions"]))
                    for row in image["predictions"]:
                        expected[row["label"]] = row["probability"]
                    picture = np.asarray(upright(image["image"]))
                    found = results(prepare(picture)[None])
                    worst = max(worst, float(np.abs(found - expected).max()))
                    same += int(found.argmax() == expected.argmax())
                print(f"{label:9} {runtime:12} {same} of {len(said)} photos of the same class, "
                      f"probabilities within {worst:.1e}")


def upright(path):
    return ImageOps.exif_transpose(Image.open(path)).convert("RGB")


def resized(picture, preprocess):
    """The picture as the network's square, by Pillow."""
    size, image = preprocess["image_size"], Image.fromarray(picture)
    scaled = int(size / preprocess["crop_ratio"] * (1 + 1e-9))
    filters = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}
    width, height = image.size
    if preprocess["resize"] == "squish":
        width = height = scaled
    elif preprocess["resize"] == "crop":
        width, height = (side * scaled // min(image.size) for side in image.size)
    else:
        ratio = max(image.size) / scaled
        width, height = (max(1, round(side / ratio)) for side in image.size)
    image = image.resize((width, height), filters[preprocess["interpolation"]])
    first = [round((side - size) / 2) if side > size else -((size - side) // 2) for side in (width, height)]
    colour = tuple(round(mean * 255) for mean in preprocess["mean"])
    square = Image.new("RGB", (size, size), colour if len(colour) == 3 else colour * 3)
    square.paste(image, (-first[0], -first[1]))
    return np.asarray(square)


def sessions(file):
    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    model = openvino.Core().compile_model(str(file), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return {
        "onnxruntime": lambda image: session.run(["probabilities"], {"images": image})[0][0],
        "openvino": lambda image: model([image])["probabilities"][0],
    }


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zoo", type=pathlib.Path, help="the built binary")
    parser.add_argument("run", help="a run directory")
    parser.add_argument("folders", nargs="+", help="folders of photos")
    arguments = parser.parse_args()
    check_photos(str(arguments.zoo.resolve()), arguments.run, arguments.folders)
