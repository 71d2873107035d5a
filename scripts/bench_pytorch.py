#!/usr/bin/env python3
"""Times one of zoo's built-in cases in PyTorch and prints one JSON object.

    bench_pytorch.py cnn-32 --mode eager|channels-last|compile --steps 20 --threads 2

The networks are torchvision's and timm's, or the same layers as zoo's, in f32. As in `zoo bench`,
steps go through four batches in turn, and the first three steps are not counted.
"""

import argparse
import json
import resource
import statistics
import time

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
    args = parser.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(0)
    build, side, batch, classes = CASES[args.case]
    model = build()
    images = [torch.randn(batch, 3, side, side) for _ in range(BATCHES)]
    targets = [torch.randint(classes, (batch,)) for _ in range(BATCHES)]
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
        "step_ms": {"median": median, "min": min(times), "max": max(times)},
        "peak_memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "version": torch.__version__,
    }))


if __name__ == "__main__":
    main()
