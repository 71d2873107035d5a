#!/usr/bin/env python3
"""Checks ONNX files of `zoo export` with the real runtimes, against `zoo predict`.

    python3 -m venv VENV
    VENV/bin/pip install onnx==1.23.2 onnxruntime==1.32.0 openvino==2026.4.1 numpy pillow
    VENV/bin/python scripts/onnx_check.py target/release/zoo              # every preset and switch

Every file passes onnx.checker's full check and strict shape inference, and runs in ONNX Runtime and
OpenVINO on batches of 1, 5 and, in ONNX Runtime, 0.
"""

import argparse
import ast
import json
import pathlib
import shutil
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import onnxruntime
import openvino
from PIL import Image

CNN = {"widths": [4, 6], "hidden": 8, "dropout": 0.0}
ALEXNET = {"preset": "small-images", "widths": [4, 8, 8, 8, 8], "hidden": 12, "feature_size": 1}
RESNET = {"stem_width": 4, "depths": [1, 2], "widths": [4, 8], "zero_init_last_norm": False}
VIT = {"embed_dim": 16, "depth": 2, "num_heads": 2, "mlp_dim": 24, "patch_size": 4}

# Small networks that have every switch between them; scripts/onnx_fixtures.py makes CI's fixtures of them.
SMALL = {
    "cnn": {"cnn": CNN},
    "cnn-plain": {"cnn": CNN | {"batch_norm": False, "hidden": 0, "activation": "leaky-relu"}},
    "cnn-residual": {"cnn": CNN | {"stem": 4, "residual": True, "global_pooling": "max",
                                   "logit_scale": 0.125, "activation": "gelu", "kernel_size": 5, "padding": 2}},
    "cnn-average": {"cnn": CNN | {"pooling": "average", "global_pooling": "average", "activation": "silu"}},
    "cnn-strided": {"cnn": CNN | {"pooling": "none", "stride": 2, "activation": "tanh"}},
    "alexnet": {"alexnet": ALEXNET},
    "alexnet-paper": {"alexnet": ALEXNET | {"groups": 2, "local_response_norm": True,
                                            "dropout_after_hidden": True}},
    "alexnet-uneven": {"alexnet": ALEXNET | {"overlapping_pooling": False, "feature_size": 3,
                                             "conv2_kernel": 3}},
    "resnet": {"resnet": RESNET},
    "resnet-bottleneck": {"resnet": RESNET | {"block": "bottleneck", "stem": "three-convolutions",
                                              "shortcut": "average-pooling"}},
    "resnet-cifar": {"resnet": RESNET | {"stem": "three-by-three", "shortcut": "zero-padding"}},
    "vit": {"vit": VIT},
    "vit-mean": {"vit": VIT | {"pooling": "mean", "activation": "gelu-tanh"}},
    "vit-sin-cos": {"vit": VIT | {"position": "sin-cos", "activation": "quick-gelu"}},
    "vit-mean-sin-cos": {"vit": VIT | {"pooling": "mean", "position": "sin-cos", "activation": "relu",
                                       "num_heads": 4}},
    "vit-silu": {"vit": VIT | {"activation": "silu", "layer_norm_epsilon": 1e-12, "drop_path": 0.2}},
    "vit-dinov2": {"vit": VIT | {"registers": 3, "layer_scale": 0.3, "pooling": "class-and-mean",
                                 "activation": "swiglu"}},
    "vit-clip": {"vit": VIT | {"pre_norm": True, "projection": 12, "activation": "quick-gelu"}},
    "vit-deit3": {"vit": VIT | {"class_position": False, "layer_scale": 0.1, "registers": 1}},
    "vit-distilled": {"vit": VIT | {"pooling": "class-and-distillation"}},
    "vit-tokens": {"vit": VIT | {"pooling": "none", "registers": 2, "position": "sin-cos"}},
    "vit-mean-registers": {"vit": VIT | {"pooling": "mean", "registers": 2}},
}
GREY = {"normalize": {"custom": {"mean": [0.4], "std": [0.3]}}}
OWN = {"normalize": {"custom": {"mean": [0.4, 0.5, 0.6], "std": [0.2, 0.3, 0.4]}}}


def presets(zoo):
    """Every preset at a small size: the widths are the preset's, the depth of a ViT is 2."""
    listed = json.loads(run(zoo, "models", "--json"))
    for row in listed:
        model, preset = row["model"], row["preset"]
        settings, size = {"preset": preset}, 32
        if model == "alexnet" and preset != "small-images":
            size = 224 if preset == "paper" else 96
        if model == "vit":
            settings["depth"] = 2
            size = 32 if preset == "mini" else 64
        yield f"preset-{model}-{preset}", {model: settings}, {"image_size": size}


def run(zoo, *arguments, **options):
    done = subprocess.run([zoo, *map(str, arguments)], capture_output=True, text=True, **options)
    if done.returncode:
        sys.exit(f"zoo {' '.join(map(str, arguments))}: {done.stderr}")
    return done.stdout


def train(zoo, folder, name, model, preprocess):
    preprocess = {"image_size": 16} | OWN | preprocess
    large = preprocess["image_size"] > 32
    data = {"sea": {"train": 16 if large else 96, "valid": 10, "test": 10, "preprocess": preprocess}}
    if preprocess["normalize"] == GREY["normalize"]:
        data = {"mnist": {"root": str(digits(folder)), "preprocess": preprocess}}
    config = {
        "data": data,
        "loader": {"batch_size": 8 if large else 16, "workers": 1},
        "optimizer": {"sgd": {"learning_rate": 0.01}},
        "model": model,
        "train": {"steps": 2 if large else 12},
    }
    path = folder / f"{name}.json"
    path.write_text(json.dumps(config))
    run(zoo, "train", path, "--run-dir", folder / name, "-q")
    return folder / name


def digits(folder):
    """Files of the form that MNIST has, of noise."""
    random = np.random.default_rng(3)
    for name, count in [("train", 100), ("t10k", 20)]:
        images = random.integers(0, 256, (count, 28, 28), dtype=np.uint8)
        labels = np.arange(count, dtype=np.uint8) % 10
        head = np.array([2051, count, 28, 28], dtype=">i4").tobytes()
        (folder / f"{name}-images-idx3-ubyte").write_bytes(head + images.tobytes())
        head = np.array([2049, count], dtype=">i4").tobytes()
        (folder / f"{name}-labels-idx1-ubyte").write_bytes(head + labels.tobytes())
    return folder


def pictures(folder, sizes, seed):
    """Smooth pictures with some noise, of the given widths and heights."""
    random = np.random.default_rng(seed)
    paths = []
    for index, (width, height) in enumerate(sizes):
        coarse = Image.fromarray(random.integers(0, 256, (5, 7, 3), dtype=np.uint8))
        smooth = np.asarray(coarse.resize((width, height), Image.BICUBIC), dtype=np.int16)
        noisy = np.clip(smooth + random.integers(-20, 21, smooth.shape), 0, 255).astype(np.uint8)
        paths.append(folder / f"{seed}-{index}.png")
        Image.fromarray(noisy).save(paths[-1])
    return paths


def predicted(zoo, weights, paths):
    said = json.loads(run(zoo, "predict", weights, *paths, "--json", "--logits", "-q"))
    return np.array([image["logits"] for image in said], dtype=np.float32)


def check(path):
    """What onnx itself says of the file; gives the model."""
    onnx.checker.check_model(str(path), full_check=True)
    model = onnx.load(str(path), load_external_data=False)
    onnx.shape_inference.infer_shapes(model, check_type=True, strict_mode=True, data_prop=True)
    told = {property.key: property.value for property in model.metadata_props}
    classes = json.loads(told["burn-zoo"])["classes"]
    assert ast.literal_eval(told["names"]) == dict(enumerate(classes)), told["names"]
    assert ast.literal_eval(told["imgsz"]) == [json.loads(told["burn-zoo"])["preprocess"]["image_size"]] * 2
    return model


def by_onnxruntime(path, images):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    names = [output.name for output in session.get_outputs()]
    return dict(zip(names, session.run(None, {session.get_inputs()[0].name: images})))


def by_openvino(path, images):
    core = openvino.Core()
    # On processors that have bf16, OpenVINO computes in it unless told otherwise.
    model = core.compile_model(str(path), "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    results = model([images])
    return {output.get_any_name(): results[output] for output in model.outputs}


RUNTIMES = {"onnxruntime": by_onnxruntime, "openvino": by_openvino}


def normalized(images, preprocess):
    """What the network sees of RGB pictures of its size."""
    values = images.astype(np.float32)
    if len(preprocess["mean"]) == 1:
        values = (values @ np.array([299, 587, 114], np.float32) + 500) // 1000
        values = values[..., None]
    mean, std = (np.array(preprocess[key], np.float32) for key in ("mean", "std"))
    return np.ascontiguousarray(((values / 255 - mean) / std).transpose(0, 3, 1, 2))


class Report:
    def __init__(self):
        self.worst, self.wrong, self.files = {}, [], 0

    def compare(self, kind, name, found, expected, tolerance):
        found, expected = np.asarray(found), np.asarray(expected)
        difference = float(np.abs(found - expected).max()) if found.shape == expected.shape else np.inf
        self.worst[kind] = max(self.worst.get(kind, (0, "")), (difference, name))
        if not difference <= tolerance:
            self.wrong.append(f"{kind}: {name}: {difference:.2e}, at most {tolerance:.0e}")

    def end(self):
        for kind, (difference, name) in self.worst.items():
            print(f"{kind:32} {difference:.1e}  {name}")
        print(f"{self.files} files")
        sys.exit("\n".join(self.wrong) or None)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return powers / powers.sum(axis=1, keepdims=True)


def check_forms(report, zoo, folder, weights, name, opsets=(None,)):
    """Exports every form of a network and runs it."""
    info = weights_info(weights)
    preprocess = info["preprocess"]
    size = preprocess["image_size"]
    paths = pictures(folder, [(size, size)] * 5, 1)
    images = np.stack([np.asarray(Image.open(path)) for path in paths])
    # A ratio below 1 cuts the middle also out of a picture that has the network's size.
    expected = predicted(zoo, weights, paths) if preprocess["crop_ratio"] == 1 else None
    forms = [[], ["--raw"], ["--f16"]] + ([["--fold"], ["--fold", "--f16", "--raw"]] if has_norm(weights) else [])
    if expected is None:
        forms = []
    for form in forms:
        for opset in opsets:
            file = export(zoo, weights, folder, form, opset)
            report.files += 1
            given = normalized(images, preprocess) if "--raw" in form else images
            tolerance = 1e-2 if "--f16" in form else 1e-4
            kind = "f16" if "--f16" in form else "f32"
            label = f"{name} {' '.join(form)} opset {opset or 17}"
            check(file)
            for runtime, results in RUNTIMES.items():
                for batch in (1, 5):
                    found = results(file, given[:batch])
                    report.compare(f"{runtime} {kind} logits", label, found["logits"], expected[:batch], tolerance)
                    if "--raw" not in form:
                        report.compare(f"{runtime} {kind} probabilities", label, found["probabilities"],
                                       softmax(expected[:batch]), tolerance)
            empty = by_onnxruntime(file, given[:0])["logits"]
            report.compare("batch of 0", label, empty.shape, (0, expected.shape[1]), 0)
    check_any_size(report, zoo, folder, weights, name, size)


def check_any_size(report, zoo, folder, weights, name, size):
    file = export(zoo, weights, folder, ["--any-size"], None)
    report.files += 1
    check(file)
    sizes = [(3 * size + 5, 2 * size), (size, 2 * size + 1), (size // 2 + 1, size - 3), (size, size), (90, 7)]
    for path in pictures(folder, sizes, 2):
        image = np.asarray(Image.open(path))[None]
        expected = softmax(predicted(zoo, weights, [path]))
        for runtime, results in RUNTIMES.items():
            found = results(file, image)["probabilities"]
            report.compare(f"{runtime} any size", f"{name} {image.shape[1:3]}", found, expected, 0.02)


def export(zoo, weights, folder, form, opset):
    shutil.rmtree(folder / "out", ignore_errors=True)
    (folder / "out").mkdir()
    file = folder / "out/net.onnx"
    version = ["--opset", str(opset)] if opset else []
    run(zoo, "export", weights, "--format", "onnx", *form, *version, "--out", file, "-q")
    return file


def header(path):
    with open(path, "rb") as file:
        length = int.from_bytes(file.read(8), "little")
        return json.loads(file.read(length))


def weights_file(weights):
    return weights / "model.safetensors" if weights.is_dir() else weights


def weights_info(weights):
    return json.loads(header(weights_file(weights))["__metadata__"]["burn-zoo"])


def has_norm(weights):
    """Whether there is batch normalisation."""
    return any(name.endswith("running_mean") for name in header(weights_file(weights)))


def check_all(zoo):
    report = Report()
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for name, model in SMALL.items():
            weights = train(zoo, folder, name, model, {})
            opsets = (17, 18, 19, 20, 21, 22) if name in ("cnn", "alexnet-paper", "vit-mean") else (None,)
            check_forms(report, zoo, folder, weights, name, opsets)
        weights = train(zoo, folder, "grey", {"cnn": CNN}, GREY)
        check_forms(report, zoo, folder, weights, "grey")
        for resize in ("crop", "letterbox", "squish"):
            for interpolation in ("nearest", "box", "bilinear", "hamming", "bicubic", "lanczos"):
                for ratio in (1, 0.75):
                    name = f"{resize}-{interpolation}-{ratio}"
                    how = {"resize": resize, "interpolation": interpolation, "crop_ratio": ratio}
                    weights = train(zoo, folder, name, {"cnn": CNN}, how)
                    check_any_size(report, zoo, folder, weights, name, 16)
        for name, model, preprocess in presets(zoo):
            weights = train(zoo, folder, name, model, preprocess)
            check_forms(report, zoo, folder, weights, name)
            shutil.rmtree(weights)
    report.end()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zoo", help="the built binary")
    arguments = parser.parse_args()
    check_all(str(pathlib.Path(arguments.zoo).resolve()))


if __name__ == "__main__":
    main()
