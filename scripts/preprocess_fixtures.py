#!/usr/bin/env python3
"""What torchvision, timm and Hugging Face's transformers answer, by their own processors, to images of
any size and shape: for each way in which their JSON files have images prepared and a network computed.

Without arguments, writes tests/fixtures/preprocess: two images, and cases.json with the files of each case
and the probabilities of the small networks of tests/fixtures/pretrained, which tests/same_answer.rs reads.

    scripts/preprocess_fixtures.py

With --table, makes networks of 224 pixels with random weights, large enough that a wrong pixel shows, has
the binary import them and look at photos, and prints how far its probabilities are from the library's.

    scripts/preprocess_fixtures.py --table target/release/zoo PHOTO...

With --export, has the binary export networks that letterbox, crop and squish, and compares what the
library answers with its own processor, and what the binary answers after it has imported them again.

    scripts/preprocess_fixtures.py --export target/release/zoo PHOTO...

Needs torch 2.9, torchvision, timm, transformers 5, safetensors and Pillow.
"""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy
import timm
import torch
import torchvision
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file
from torchvision.models.vision_transformer import VisionTransformer

TESTS = pathlib.Path(__file__).parent.parent / "tests/fixtures"
FIXTURES = TESTS / "preprocess"
HALF = {"image_mean": [0.5] * 3, "image_std": [0.5] * 3}
# Those of tests/fixtures/pretrained, and those of the table.
SMALL = dict(width=16, mlp=32, depth=2, heads=2, patch=4, image=16, classes=3)
TABLE = dict(width=128, mlp=512, depth=2, heads=2, patch=32, image=224, classes=3)


def hf_cases(size):
    """Changes of config.json, and preprocessor_config.json."""

    def vit(**changes):
        square = {"height": size, "width": size}
        return {"image_processor_type": "ViTImageProcessor", "size": square, **HALF, **changes}

    def cut(name, resized, **changes):
        crop = {"height": size, "width": size}
        return {"image_processor_type": name, "size": resized, "crop_size": crop, **HALF, **changes}

    def square(side):
        return {"height": side, "width": side}

    wide, odd = size * 8 // 7, size + 7
    yield "hf-plain", {}, vit()
    yield "hf-fast-class", {}, vit(image_processor_type="ViTImageProcessorFast")
    yield "hf-no-class", {}, {"size": size, "resample": 2, **HALF}
    yield "hf-feature-extractor", {}, {"feature_extractor_type": "ViTFeatureExtractor", "size": size}
    for number, name in enumerate(["nearest", "lanczos", "bilinear", "bicubic", "box", "hamming"]):
        yield f"hf-{name}", {}, vit(resample=number)
    yield "hf-deit", {}, cut("DeiTImageProcessor", square(wide), do_center_crop=True)
    yield "hf-deit-odd", {}, cut("DeiTImageProcessor", square(odd))
    yield "hf-bit", {}, cut("BitImageProcessor", {"shortest_edge": wide})
    yield "hf-clip-one-number", {}, cut("CLIPImageProcessor", odd, do_convert_rgb=True)
    yield "hf-siglip", {}, vit(image_processor_type="SiglipImageProcessor")
    yield "hf-convnext", {}, {"feature_extractor_type": "ConvNextFeatureExtractor", "size": size, "resample": 3, **HALF}
    yield "hf-convnext-cut", {}, {
        "image_processor_type": "ConvNextImageProcessor", "size": {"shortest_edge": size}, "crop_pct": 0.7, **HALF
    }
    yield "hf-vit-crop", {}, vit(size={"shortest_edge": wide}, crop_size=square(size), do_center_crop=True)
    yield "hf-not-normalized", {}, vit(do_normalize=False)
    bytes_ = {"image_mean": [120.0, 110.0, 100.0], "image_std": [60.0, 61.0, 62.0]}
    yield "hf-not-rescaled", {}, vit(do_rescale=False, **bytes_)
    yield "hf-rescaled-to-2", {}, vit(rescale_factor=1 / 127.5, image_mean=[1.0] * 3, image_std=[1.0] * 3)
    for name in ["relu", "silu", "quick_gelu", "gelu_pytorch_tanh", "gelu_new"]:
        yield f"hf-{name}", {"hidden_act": name}, vit()
    yield "hf-heads", {"num_attention_heads": 4}, vit()
    yield "hf-epsilon", {"layer_norm_eps": 0.1}, vit()
    yield "hf-no-qkv-bias", {"qkv_bias": False}, vit()


def timm_cases(size):
    """Changes of model_args, and pretrained_cfg."""

    def cfg(**changes):
        half = {"mean": [0.5] * 3, "std": [0.5] * 3, "input_size": [3, size, size]}
        return {**half, "crop_pct": 0.9, "interpolation": "bicubic", **changes}

    yield "timm-center", {}, cfg()
    yield "timm-center-whole", {}, cfg(crop_pct=1.0, crop_mode="center")
    yield "timm-center-much", {}, cfg(crop_pct=0.6, interpolation="bilinear")
    yield "timm-squash", {}, cfg(crop_mode="squash")
    yield "timm-squash-whole", {}, cfg(crop_mode="squash", crop_pct=1.0, interpolation="bilinear")
    yield "timm-border", {}, cfg(crop_mode="border", crop_pct=1.0, mean=[0.7, 0.5, 0.3])
    yield "timm-border-cut", {}, cfg(crop_mode="border", crop_pct=0.8, interpolation="bilinear")
    yield "timm-defaults", {}, {"input_size": [3, size, size]}
    for name in ["nearest", "box", "hamming", "lanczos"]:
        yield f"timm-{name}", {}, cfg(interpolation=name)
    for name in ["relu", "silu", "quick_gelu", "gelu_tanh"]:
        yield f"timm-{name}", {"act_layer": name}, cfg()
    yield "timm-heads", {"num_heads": 4}, cfg()
    yield "timm-no-qkv-bias", {"qkv_bias": False}, cfg()


def hf_config(sizes):
    return {
        "architectures": ["ViTForImageClassification"], "model_type": "vit",
        "hidden_size": sizes["width"], "intermediate_size": sizes["mlp"],
        "num_hidden_layers": sizes["depth"], "num_attention_heads": sizes["heads"],
        "patch_size": sizes["patch"], "image_size": sizes["image"], "num_channels": 3,
        "hidden_act": "gelu", "layer_norm_eps": 1e-12, "qkv_bias": True,
        "id2label": {str(label): f"kind {label}" for label in range(sizes["classes"])},
    }


def timm_args(sizes):
    return {
        "img_size": sizes["image"], "patch_size": sizes["patch"], "embed_dim": sizes["width"],
        "depth": sizes["depth"], "num_heads": sizes["heads"], "mlp_ratio": sizes["mlp"] / sizes["width"],
    }


def all_cases(sizes):
    """Each case with its layout, its files, and the names of tensors that it does not have."""
    for name, changes, processor in hf_cases(sizes["image"]):
        config = {**hf_config(sizes), **changes}
        # By the names in files and in memory.
        biases = [f"{part}.bias" for part in ["query", "key", "value", "q_proj", "k_proj", "v_proj"]]
        without = [] if config["qkv_bias"] else biases
        yield name, "hf", {"config.json": config, "preprocessor_config.json": processor}, without
    for name, changes, cfg in timm_cases(sizes["image"]):
        config = {
            "architecture": "vit_tiny_patch16_224", "num_classes": sizes["classes"],
            "model_args": {**timm_args(sizes), **changes}, "pretrained_cfg": cfg,
        }
        without = ["qkv.bias"] if changes.get("qkv_bias") is False else []
        yield name, "timm", {"config.json": config}, without
    yield "torchvision", "torchvision", {}, []


def lay(folder, files, weights, without):
    """Puts the files of a case into a folder, with the weights in which tensors are missing."""
    for name, content in files.items():
        (folder / name).write_text(json.dumps(content))
    weights = {k: v for k, v in weights.items() if not any(k.endswith(end) for end in without)}
    save_file(weights, folder / "model.safetensors", {"format": "pt"})


def library(layout, folder, sizes):
    """The network and the processor of a folder, by the library's own means."""
    if layout == "hf":
        with open(folder / "preprocessor_config.json") as file:
            # torchvision knows these three only of images of Pillow.
            backend = "pil" if json.load(file).get("resample") in (1, 4, 5) else None
        model = transformers.ViTForImageClassification.from_pretrained(folder)
        processor = transformers.AutoImageProcessor.from_pretrained(folder, backend=backend)
        prepare = lambda image: processor(image, return_tensors="pt")["pixel_values"]
        return model.eval(), prepare
    if layout == "timm":
        model = timm.create_model(f"local-dir:{folder}", pretrained=True)
        settings = timm.data.resolve_model_data_config(model)
        change = timm.data.create_transform(**settings)
        return model.eval(), lambda image: change(image)[None]
    model = torchvision_vit(sizes)
    model.load_state_dict(load_file(folder / "model.safetensors"))
    size = sizes["image"]
    change = torchvision.transforms._presets.ImageClassification(
        crop_size=size, resize_size=int(size / 0.875)
    )
    return model.eval(), lambda image: change(image)[None]


def torchvision_vit(sizes):
    return VisionTransformer(
        sizes["image"], sizes["patch"], sizes["depth"], sizes["heads"], sizes["width"], sizes["mlp"],
        num_classes=sizes["classes"],
    )


def answers(model, prepare, images):
    with torch.no_grad():
        outputs = [model(prepare(image)) for image in images]
    logits = [getattr(output, "logits", output) for output in outputs]
    return torch.cat(logits).softmax(-1)


def image(width, height, seed):
    """Slopes, a disc, stripes and noise, fine enough that filters differ."""
    y, x = numpy.mgrid[:height, :width].astype(float)
    planes = [
        128 + 90 * numpy.sin(x * x / 60 + y / 4),
        255 * ((x - width / 3) ** 2 + (y - height / 2) ** 2 < 200) * numpy.cos(y / 9) ** 2,
        255 * ((3 * x + 2 * y) % 23 < 9),
    ]
    pixels = numpy.stack(planes, -1) + numpy.random.default_rng(seed).normal(0, 12, (height, width, 3))
    return Image.fromarray(pixels.clip(0, 255).astype(numpy.uint8))


def write_small():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    images = {"wide.png": image(75, 50, 1), "tall.png": image(41, 66, 2)}
    for name, picture in images.items():
        picture.save(FIXTURES / name, optimize=True)
    weights = {
        "hf": load_file(TESTS / "pretrained/hf-vit/model.safetensors"),
        "timm": load_file(TESTS / "pretrained/timm-vit.safetensors"),
        "torchvision": torch.load(TESTS / "pretrained/torchvision-vit.pth"),
    }
    cases = []
    for name, layout, files, without in all_cases(SMALL):
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            lay(folder, files, weights[layout], without)
            model, prepare = library(layout, folder, SMALL)
            found = answers(model, prepare, images.values())
        rounded = [[round(value, 6) for value in row] for row in found.tolist()]
        cases.append(
            {"name": name, "layout": layout, "files": files, "without": without, "answers": rounded}
        )
    lines = ",\n".join(json.dumps(case) for case in cases)
    (FIXTURES / "cases.json").write_text(f"[\n{lines}\n]\n")


def shaken(model, seed=5):
    """Random weights, larger than fresh ones."""
    generator = torch.Generator().manual_seed(seed)
    for parameter in model.parameters():
        deviation = 0.25 if parameter.ndim > 1 else 0.1
        parameter.data += torch.randn(parameter.shape, generator=generator) * deviation
    return {name: tensor.contiguous() for name, tensor in model.state_dict().items()}


def random_weights(layout, sizes):
    torch.manual_seed(3)
    if layout == "hf":
        return shaken(transformers.ViTForImageClassification(transformers.ViTConfig(**hf_config(sizes))))
    if layout == "timm":
        return shaken(timm.models.VisionTransformer(num_classes=sizes["classes"], **timm_args(sizes)))
    return shaken(torchvision_vit(sizes))


def zoo_answers(zoo, weights, photos, classes):
    command = [zoo, "predict", weights, *photos, "--json", "--top-k", str(classes), "-q"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    rows = torch.zeros(len(photos), classes)
    for row, said in zip(rows, json.loads(output)):
        for prediction in said["predictions"]:
            row[prediction["label"]] = prediction["probability"]
    return rows


def compare(name, wanted, found):
    """Prints median and worst difference, and how often another class wins by more than a tenth."""
    difference = (wanted - found).abs()
    best = wanted.topk(2).values
    flipped = wanted.argmax(1) != found.argmax(1)
    wrong = (flipped & (best[:, 0] - best[:, 1] > 0.1)).sum().item()
    print(
        f"{name:32} median {difference.median():.4f}, worst {difference.max():.3f}, another class "
        f"{flipped.sum().item()} of {len(wanted)}, clearly {wrong}",
        flush=True,
    )


def imported(zoo, source, out, *more):
    command = [zoo, "import", source, "--out", out, "-q", *more]
    done = subprocess.run(command, capture_output=True, text=True)
    return None if done.returncode == 0 else done.stderr.strip()


def print_table(zoo, photos):
    images = [Image.open(photo).convert("RGB") for photo in photos]
    weights = {layout: random_weights(layout, TABLE) for layout in ["hf", "timm", "torchvision"]}
    with tempfile.TemporaryDirectory() as folder:
        for name, layout, files, without in all_cases(TABLE):
            case = pathlib.Path(folder) / name
            case.mkdir()
            lay(case, files, weights[layout], without)
            wanted = answers(*library(layout, case, TABLE), images)
            out = case / "ours.safetensors"
            more = ["--num-heads", str(TABLE["heads"])] if layout == "torchvision" else []
            refusal = imported(zoo, case / "model.safetensors", out, *more)
            if refusal:
                print(f"{name:32} {refusal}")
                continue
            compare(name, wanted, zoo_answers(zoo, out, photos, TABLE["classes"]))


def print_exports(zoo, photos):
    images = [Image.open(photo).convert("RGB") for photo in photos]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        config = {"architecture": "vit_tiny_patch16_224", "model_args": timm_args(TABLE)}
        lay(folder, {"config.json": config}, random_weights("timm", TABLE), [])
        figures = ["--mean", "0.485,0.456,0.406", "--std", "0.229,0.224,0.225"]
        for resize in ["letterbox", "crop", "squish"]:
            for ratio in ["1", "0.9"]:
                ours = folder / "ours.safetensors"
                geometry = ["--resize", resize, "--crop-ratio", ratio, "--interpolation", "bilinear"]
                assert not imported(zoo, folder / "model.safetensors", ours, *geometry, *figures)
                found = zoo_answers(zoo, ours, photos, TABLE["classes"])
                for layout in ["hf", "timm", "torchvision"]:
                    out = folder / f"{resize}-{ratio}-{layout}"
                    out.mkdir()
                    command = [zoo, "export", ours, "--layout", layout, "--out", out / "model.safetensors"]
                    said = subprocess.run(command, check=True, capture_output=True, text=True)
                    print(said.stderr.strip())
                    name = f"{layout} {resize} {ratio}"
                    if layout != "torchvision":
                        wanted = answers(*library(layout, out, TABLE), images)
                        compare(f"{name} by {layout}", wanted, found)
                    assert not imported(zoo, out / "model.safetensors", out / "again.safetensors")
                    again = zoo_answers(zoo, out / "again.safetensors", photos, TABLE["classes"])
                    compare(f"{name} read again", again, found)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--table", nargs="+", metavar="ZOO PHOTO")
    parser.add_argument("--export", nargs="+", metavar="ZOO PHOTO")
    options = parser.parse_args()
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    if options.table:
        sys.exit(print_table(options.table[0], options.table[1:]))
    if options.export:
        sys.exit(print_exports(options.export[0], options.export[1:]))
    write_small()
