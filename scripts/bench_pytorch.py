#!/usr/bin/env python3
"""Times one of zoo's cases in PyTorch, and prints a JSON object for each way of running it.

    zoo bench cnn-32 --what infer --dump target/bench
    bench_pytorch.py cnn-32 --dump target/bench --mode eager channels-last --steps 20 --threads 2
    bench_pytorch.py cnn-32 --dump target/bench --device cuda --precision f32 tf32 --batch 2048

The networks are torchvision's and timm's, or have the same layers as zoo's, with the weights and the
batches that zoo has written. The result includes how far the logits of the first batch are from
zoo's. As in `zoo bench`, steps cycle through four batches, the first three steps are not counted, and
the clock stops when the device has finished its work.
"""

import argparse
import itertools
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

from training_fixture import CifarResNet

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


# Name as in `zoo bench`: network, image size, images per step, classes.
CASES = {
    "cnn-32": (Cnn, 32, 128, 10),
    "alexnet-224": (torchvision.models.alexnet, 224, 16, 1000),
    "resnet-20-32": (lambda: CifarResNet([3, 3, 3], [16, 32, 64]), 32, 128, 10),
    "resnet-18-224": (torchvision.models.resnet18, 224, 16, 1000),
    "resnet-50-224": (torchvision.models.resnet50, 224, 8, 1000),
    "vit-tiny-16-224": (lambda: timm.create_model("vit_tiny_patch16_224"), 224, 8, 1000),
    "vit-192x6-32": (small_vit, 32, 64, 10),
    "dinov2-small-14-224": (
        lambda: timm.create_model("vit_small_patch14_dinov2", img_size=224, num_classes=10), 224, 8, 10
    ),
    "vit-base-16-224": (lambda: timm.create_model("vit_base_patch16_224", num_classes=10), 224, 8, 10),
}


# Patterns in zoo's parameter paths, and PyTorch's equivalents; all that match are applied in turn.
NAMES = [
    (r"gamma$", "weight"),
    (r"beta$", "bias"),
    (r"layer_scale(\d)\.weight$", r"ls\1.gamma"),
    (r"^stages\.(\d+)\.block\.conv", lambda found: str(4 * int(found[1]))),
    (r"^stages\.(\d+)\.block\.norm", lambda found: str(4 * int(found[1]) + 1)),
    (r"^features\.conv(\d)", lambda found: f"features.{[0, 3, 6, 8, 10][int(found[1]) - 1]}"),
    (r"^classifier\.fc6", "classifier.1"),
    (r"^classifier\.fc7", "classifier.4"),
    (r"^classifier\.head", "classifier.6"),
    (r"^stem\.0\.conv", "conv1"),
    (r"^stem\.0\.norm", "bn1"),
    (r"^stages\.(\d)\.blocks", lambda found: f"layer{int(found[1]) + 1}"),
    (r"\.layers\.(\d)\.conv", lambda found: f".conv{int(found[1]) + 1}"),
    (r"\.layers\.(\d)\.norm", lambda found: f".bn{int(found[1]) + 1}"),
    (r"\.shortcut\.project\.conv", ".downsample.0"),
    (r"\.shortcut\.project\.norm", ".downsample.1"),
    (r"^patch_embedding", "patch_embed.proj"),
    (r"^class_token", "cls_token"),
    (r"^position_embedding", "pos_embed"),
    (r"\.attention\.", ".attn."),
]


def load_weights(model, path):
    """Loads the weights that zoo has written into `model`; zoo's linear layers are transposed."""
    weights = {}
    for name, value in safetensors.torch.load_file(path).items():
        for pattern, replacement in NAMES:
            name = re.sub(pattern, replacement, name)
        if isinstance(model, Cnn):
            name = name.replace("fc1", "13").replace("head", "15")
        if isinstance(model, (torchvision.models.ResNet, CifarResNet)):
            name = name.replace("head", "fc")
        weights[name] = value.T if name.endswith("weight") and value.ndim == 2 else value
    missing, unknown = model.load_state_dict(weights, strict=False)
    missing = [name for name in missing if not name.endswith("num_batches_tracked")]
    assert not missing and not unknown, (missing, unknown)


def load_floats(path, *shape):
    return torch.frombuffer(bytearray(path.read_bytes()), dtype=torch.float32).reshape(shape)


def timed(step, steps, device):
    times = []
    for number in range(WARM_UP + steps):
        started = time.perf_counter()
        step(number % BATCHES)
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(1e3 * (time.perf_counter() - started))
    return times[WARM_UP:]


def set_precision(precision, device):
    """Sets the precision of products and convolutions; returns the context in which forward passes run."""
    torch.set_float32_matmul_precision("highest" if precision == "f32" else "high")
    torch.backends.cudnn.allow_tf32 = precision != "f32"
    return torch.autocast(device, dtype=torch.bfloat16, enabled=precision == "bf16")


class Case:
    """A network on its device, with the weights and batches that zoo has written for it."""

    def __init__(self, args):
        self.build, side, usual, classes = CASES[args.case]
        self.name, self.device, self.batch = args.case, args.device, args.batch or usual
        self.folder = args.dump / args.case

        def load(name, *shape):
            return load_floats(self.folder / name, *shape).to(self.device)

        self.images = load("images.f32", BATCHES, self.batch, 3, side, side)
        self.targets = load("targets.f32", BATCHES, self.batch).long()
        self.logits = load("logits.f32", self.batch, classes)

    def model(self):
        model = self.build()
        load_weights(model, self.folder / "model.safetensors")
        return model.to(self.device)

    def measure(self, what, mode, precision, steps):
        """The figures for one way of running the network, under the names that `zoo bench` uses."""
        context = set_precision(precision, self.device)
        model = self.model()
        with torch.inference_mode(), context:
            difference = (model.eval()(self.images[0]) - self.logits).abs().max() / self.logits.abs().max()
        images = list(self.images)
        if mode == "channels-last":
            model = model.to(memory_format=torch.channels_last)
            images = [image.contiguous(memory_format=torch.channels_last) for image in images]
        forward = torch.compile(model) if mode == "compile" else model
        if what == "infer":
            with torch.inference_mode(), context:
                times = timed(lambda number: forward(images[number]), steps, self.device)
        else:
            model.train()
            optimizer = torch.optim.SGD(model.parameters(), lr=1e-3, momentum=0.9)

            def step(number):
                with context:
                    loss = F.cross_entropy(forward(images[number]), self.targets[number])
                loss.backward()
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)

            times = timed(step, steps, self.device)
        median = statistics.median(times)
        return {
            "config": self.name,
            "what": what,
            "mode": mode,
            "precision": precision,
            "batch": self.batch,
            "images_per_second": self.batch / median * 1e3,
            "logits_difference": difference.item(),
            "step_ms": {"median": median, "min": min(times), "max": max(times)},
            "peak_memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
            "machine": torch.cuda.get_device_name() if self.device == "cuda" else None,
            "version": torch.__version__,
        }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case", choices=CASES)
    parser.add_argument("--mode", nargs="+", choices=["eager", "channels-last", "compile"], default=["eager"])
    parser.add_argument("--what", nargs="+", choices=["train", "infer"], default=["train"])
    parser.add_argument("--precision", nargs="+", choices=["f32", "tf32", "bf16"], default=["f32"])
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--batch", type=int, help="images per step, as zoo has written them")
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--dump", type=pathlib.Path, required=True, help="the folder that zoo bench --dump has written")
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    torch.backends.cudnn.benchmark = True
    case = Case(args)
    for what, mode, precision in itertools.product(args.what, args.mode, args.precision):
        print(json.dumps(case.measure(what, mode, precision, args.steps)), flush=True)


if __name__ == "__main__":
    main()
