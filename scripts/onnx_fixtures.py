#!/usr/bin/env python3
"""Writes tests/fixtures/onnx: small networks, the hash of what `zoo export` makes of each, and the logits
that ONNX Runtime and OpenVINO gave when they ran it.

    VENV/bin/pip install onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy pillow
    VENV/bin/python scripts/onnx_fixtures.py target/release/zoo [NETWORK...]

Of networks that are there already, the weights stay unless they are named.
"""

import hashlib
import json
import pathlib
import shutil
import sys
import tempfile

import numpy as np
from PIL import Image

from onnx_check import CNN, GREY, RUNTIMES, SMALL, by_onnxruntime, check, export, has_norm, normalized, pictures, train, weights_info

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "tests/fixtures/onnx"


def hash_of(file):
    """Of all but the header, in which the version of zoo is."""
    data = file.read_bytes()
    start = 12 + 2 + data[13]
    return hashlib.sha256(data[start:]).hexdigest()


def write_fixtures(zoo, fresh):
    """Small networks, what is exported of them, and what the runtimes make of it."""
    FIXTURES.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        paths = pictures(folder, [(16, 16)] * 5, 1)
        for index, path in enumerate(paths):
            shutil.copy(path, FIXTURES / f"{index}.png")
        images = np.stack([np.asarray(Image.open(path)) for path in paths])
        networks = {name: (model, {}) for name, model in SMALL.items()}
        networks["grey"] = ({"cnn": CNN}, GREY)
        for name, (model, preprocess) in networks.items():
            weights = FIXTURES / f"{name}.safetensors"
            if name in fresh or not weights.exists():
                trained = train(zoo, folder, name, model, preprocess)
                shutil.copy(trained / "model.safetensors", weights)
            cases = []
            for form in [[], ["--raw"], ["--f16"]] + ([["--fold"]] if has_norm(weights) else []):
                file = export(zoo, weights, folder, form, None)
                check(file)
                given = normalized(images, weights_info(weights)["preprocess"]) if "--raw" in form else images
                logits = {runtime: results(file, given)["logits"].tolist() for runtime, results in RUNTIMES.items()}
                # A batch of 0 gives 0 rows.
                assert by_onnxruntime(file, given[:0])["logits"].shape == (0, len(logits["onnxruntime"][0]))
                cases.append({"form": form, "sha256": hash_of(file), "logits": logits})
            text = ",\n".join(json.dumps(case) for case in cases)
            (FIXTURES / f"{name}.json").write_text(f"[\n{text}\n]\n")
    print(f"{len(networks)} networks in {FIXTURES}")


if __name__ == "__main__":
    write_fixtures(str(pathlib.Path(sys.argv[1]).resolve()), sys.argv[2:])
