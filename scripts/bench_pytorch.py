#!/usr/bin/env python3
"""Times one of zoo's built-in cases in PyTorch and prints one JSON object.

    zoo bench cnn-32 --what infer --dump target/bench
    bench_pytorch.py cnn-32 --dump target/bench --mode eager|channels-last|compile --steps 20 --threads 2

The networks are torchvision's and timm's, or the same layers as zoo's, in f32, with the weights and
the batches that zoo has written; how far the logits of the first batch are from zoo's is part of
the result. As in `zoo bench`, steps go through four batches in turn, and the first three steps are
not counted.
"""

import argparse
import json
import pathlib
import re
import resource
import statistics
import time

import safetensors.torch
import timm
import torch
import torchvision
from torch import nn
from torch.nn import functional as F

WARM_UP = 3
BATCHES = 4


class Cnn(nn.Sequential):
    """The preset `small` of zoo-cnn without dropout."""

    def __init__(self):
        layers = []
        for inputs, outputs in [(3, 32), (32, 64), (64, 128)]:
            layers += [
                nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
                nn.BatchNorm2d(outputs),
                nn.ReLU(),
                nn.MaxPool2d(2),
            ]
        super().__init__(*layers, nn.Flatten(), nn.Linear(2048, 256), nn.ReLU(), nn.Linear(256, 10))


def small_vit():
    return timm.models.vision_transformer.VisionTransformer(
        img_size=32, patch_size=4, embed_dim=192, depth=6, num_heads=3, num_classes=10
    )


# Name as in `zoo bench`: network, side of the images, images a step, classes.
CASES = {
    "cnn-32": (Cnn, 32, 128, 10),
    "alexnet-224": (torchvision.models.alexnet, 224, 16, 1000),
    "vit-tiny-16-224": (lambda: timm.create_model("vit_tiny_patch16_224"), 224, 8, 1000),
    "vit-192x6-32": (small_vit, 32, 64, 10),
}


# Patterns of zoo's parameter paths and what PyTorch has instead; all that fit are applied in turn.
NAMES = [
    (r"gamma$", "weight"),
    (r"beta$", "bias"),
    (r"^stages\.(\d+)\.block\.conv", lambda found: str(4 * int(found[1]))),
    (r"^stages\.(\d+)\.block\.norm", lambda found: str(4 * int(found[1]) + 1)),
    (r"^features\.conv(\d)", lambda found: f"features.{[0, 3, 6, 8, 10][int(found[1]) - 1]}"),
    (r"^classifier\.fc6", "classifier.1"),
    (r"^classifier\.fc7", "classifier.4"),
    (r"^classifier\.head", "classifier.6"),
    (r"^patch_embedding", "patch_embed.proj"),
    (r"^class_token", "cls_token"),
    (r"^position_embedding", "pos_embed"),
    (r"\.attention\.", ".attn."),
]


def load_weights(model, path):
    """Gives `model` the weights that zoo has written: linear layers are transposed there."""
    weights = {}
    for name, value in safetensors.torch.load_file(path).items():
        for pattern, replacement in NAMES:
            name = re.sub(pattern, replacement, name)
        if isinstance(model, Cnn):
            name = name.replace("fc1", "13").replace("head", "15")
        weights[name] = value.T if name.endswith("weight") and value.ndim == 2 else value
    missing, unknown = model.load_state_dict(weights, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    assert not missing and not unknown, (missing, unknown)


def load_floats(path, *shape):
    return torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.float32).reshape(shape)


def timed(step, steps):
    times = []
    for number in range(WARM_UP + steps):
        started = time.perf_counter()
        step(number % BATCHES)
        times.append(1e3 * (time.perf_counter() - started))
    return times[WARM_UP:]


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--mode", choices=["eager", "channels-last", "compile"], default="eager")
    parser.add_argument("--what", choices=["train", "infer"], default="train")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dump", type=pathlib.Path, required=True, help="what zoo bench --dump has made")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    build, side, batch, classes = CASES[args.case]
    folder = args.dump / args.case
    model = build()
    load_weights(model, folder / "model.safetensors")
    images = list(load_floats(folder / "images.f32", BATCHES, batch, 3, side, side))
    targets = list(load_floats(folder / "targets.f32", BATCHES, batch).long())
    logits = load_floats(folder / "logits.f32", batch, classes)
    with torch.inference_mode():
        difference = (model.eval()(images[0]) - logits).abs().max() / logits.abs().max()
    if args.mode == "channels-last":
        model = model.to(memory_format=torch.channels_last)
        images = [image.contiguous(memory_format=torch.channels_last) for image in images]
    forward = torch.compile(model) if args.mode == "compile" else model

    if args.what == "infer":
        model.eval()
        with torch.inference_mode():
            times = timed(lambda number: forward(images[number]), args.steps)
    else:
        model.train()
        optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)

        def step(number):
            loss = F.cross_entropy(forward(images[number]), targets[number])
            loss.backward()
            optimizer.step()
            optimizer.zero_grad(set_to_none=True)

        times = timed(step, args.steps)

    median = statistics.median(times)
    print(json.dumps({
        "config": args.case,
        "what": args.what,
        "mode": args.mode,
        "batch": batch,
        "images_per_second": batch / median * 1e3,
        "logits_difference": difference.item(),
        "step_ms": {"median": median, "min": min(times), "max": max(times)},
        "peak_memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "version": torch.__version__,
    }))


if __name__ == "__main__":
    main()
