#!/usr/bin/env python3
"""Writes the results of PyTorch, torchvision and timm for the training runs that the tests of zoo-training repeat:
tests/fixtures/{optimizers,schedules,loss_curves,loss_curves_bf16,gradients}.json.

    python3 -m venv venv && venv/bin/pip install torch torchvision timm
    venv/bin/python scripts/training_fixture.py

Weights and images come from formulas that crates/zoo-training/src/tests/mod.rs shares, so they
need no file.
"""

import json
import math
from pathlib import Path

import numpy as np
import timm.optim
import torch
import torchvision
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from timm.models.vision_transformer import VisionTransformer
from timm.scheduler import CosineLRScheduler, MultiStepLRScheduler, PolyLRScheduler, StepLRScheduler
from torch import nn
from torch.optim import lr_scheduler
from torch.optim.lr_scheduler import SequentialLR
from torch.utils._python_dispatch import TorchDispatchMode

FIXTURES = Path(__file__).parent.parent / "tests" / "fixtures"
STEPS = 100
CURVE_STEPS = 50
CLASSES = 10


def filler(name, start, count, scale):
    """Numbers within +-scale that look random: a hash of the name (FNV-1a) and the index."""
    seed = 0x811C9DC5
    for byte in name.encode():
        seed = (seed ^ byte) * 0x01000193 & 0xFFFFFFFF
    with np.errstate(over="ignore"):
        x = np.arange(start, start + count, dtype=np.uint32) * np.uint32(2654435761) + np.uint32(seed)
        for shift, factor in [(16, 0x7FEB352D), (15, 0x846CA68B)]:
            x = (x ^ (x >> np.uint32(shift))) * np.uint32(factor)
        x ^= x >> np.uint32(16)
    return ((x / 2**31 - 1) * scale).astype(np.float32)


def batch(step, size, shape):
    """Images of their class's pattern plus noise, and labels."""
    pixels = math.prod(shape)
    labels = (np.arange(step * size, (step + 1) * size) * 7) % CLASSES
    noise = filler("noise", step * size * pixels, size * pixels, 1.0).reshape(size, pixels)
    patterns = filler("patterns", 0, CLASSES * pixels, 0.5).reshape(CLASSES, pixels)
    images = noise + patterns[labels]
    return torch.from_numpy(images.reshape(size, *shape)), torch.from_numpy(labels)


# -- Optimizers: a linear classifier of 6 pixels ---------------------------------------------------

OPTIMIZERS = [
    ({"sgd": {"learning_rate": 0.1, "momentum": 0}}, torch.optim.SGD, {"momentum": 0}),
    ({"sgd": {"learning_rate": 0.1, "momentum": 0.9, "weight_decay": 0.01}}, torch.optim.SGD, {"momentum": 0.9}),
    ({"sgd": {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.01}}, torch.optim.SGD,
     {"momentum": 0.9, "nesterov": True}),
    ({"adam": {"learning_rate": 0.01, "weight_decay": 0.01}}, torch.optim.Adam, {}),
    ({"adam": {"learning_rate": 0.01, "amsgrad": True}}, torch.optim.Adam, {"amsgrad": True}),
    ({"adamw": {"learning_rate": 0.01, "beta2": 0.99, "weight_decay": 0.1}}, torch.optim.AdamW, {"betas": (0.9, 0.99)}),
    ({"rmsprop": {"learning_rate": 0.01, "weight_decay": 0.01}}, torch.optim.RMSprop, {}),
    ({"rmsprop": {"learning_rate": 0.01, "momentum": 0.9, "centered": True}}, torch.optim.RMSprop,
     {"momentum": 0.9, "centered": True}),
    ({"adagrad": {"learning_rate": 0.05, "lr_decay": 0.01}}, torch.optim.Adagrad, {"lr_decay": 0.01}),
    ({"lion": {"learning_rate": 0.003, "weight_decay": 0.1}}, timm.optim.Lion, {"betas": (0.9, 0.99)}),
    ({"lamb": {"learning_rate": 0.02, "weight_decay": 0.01}}, timm.optim.Lamb,
     {"max_grad_norm": None, "always_adapt": True}),
    ({"adan": {"learning_rate": 0.01, "weight_decay": 0.1}}, timm.optim.Adan, {"betas": (0.98, 0.92, 0.99)}),
]


def optimizers():
    rows = []
    for config, kind, extra in OPTIMIZERS:
        settings = next(iter(config.values()))
        model = nn.Linear(6, CLASSES)
        fill(model, {"weight": "weight", "bias": "bias"}, 1.0)
        decay = settings.get("weight_decay", 0.0)
        groups = [{"params": [model.weight], "weight_decay": decay}, {"params": [model.bias], "weight_decay": 0.0}]
        optimizer = kind(groups, lr=settings["learning_rate"], **extra)
        losses = train(lambda images: model(images.flatten(1)), model, optimizer, None, STEPS, 8, (1, 2, 3), 0.1, 0.5)
        weights = [*model.weight.T.flatten().tolist(), *model.bias.tolist()]
        rows.append({"optimizer": config, "losses": losses, "weights": weights})
    return rows


# -- Schedules: factors of a learning rate of 1 ----------------------------------------------------


def torch_factors(make):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = make(optimizer)
    factors = []
    for _ in range(STEPS):
        factors.append(optimizer.param_groups[0]["lr"])
        optimizer.step()
        schedule.step()
    return factors


def timm_factors(make):
    optimizer = torch.optim.SGD([nn.Parameter(torch.zeros(1))], lr=1.0)
    schedule = make(optimizer)
    factors = []
    for step in range(STEPS):
        schedule.step_update(step)
        factors.append(optimizer.param_groups[0]["lr"])
    return factors


def warmed_up(after):
    """Ten steps up to 1, as in torchvision's references, which put a LinearLR before a schedule."""
    return lambda optimizer: SequentialLR(
        optimizer, [lr_scheduler.LinearLR(optimizer, 0.1, total_iters=9), after(optimizer)], [10])


SCHEDULES = [
    ("constant", {"constant": {"warmup": {"steps": 10}}}, torch_factors,
     lambda o: lr_scheduler.LinearLR(o, 0.1, total_iters=9)),
    ("StepLR", {"step": {"every": {"steps": 30}, "gamma": 0.3}}, torch_factors,
     lambda o: lr_scheduler.StepLR(o, 30, 0.3)),
    ("MultiStepLR", {"multi-step": {"milestones": [{"steps": 20}, {"steps": 70}]}}, torch_factors,
     lambda o: lr_scheduler.MultiStepLR(o, [20, 70])),
    ("ExponentialLR", {"exponential": {"every": {"steps": 1}, "gamma": 0.97}}, torch_factors,
     lambda o: lr_scheduler.ExponentialLR(o, 0.97)),
    ("CosineAnnealingLR", {"cosine": {"warmup": {"steps": 0}, "floor": 0.01}}, torch_factors,
     lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS - 1, eta_min=0.01)),
    ("LinearLR, CosineAnnealingLR", {"cosine": {"warmup": {"steps": 10}}}, torch_factors,
     warmed_up(lambda o: lr_scheduler.CosineAnnealingLR(o, STEPS - 11))),
    ("OneCycleLR", {"one-cycle": {"warmup": {"fraction": 0.3}, "start": 0.04, "floor": 4e-6}}, torch_factors,
     lambda o: lr_scheduler.OneCycleLR(o, 1.0, total_steps=STEPS + 0, pct_start=0.3)),
    ("PolynomialLR", {"polynomial": {"warmup": {"steps": 0}, "power": 2}}, torch_factors,
     lambda o: lr_scheduler.PolynomialLR(o, STEPS - 1, 2.0)),
    ("LinearLR, PolynomialLR", {"polynomial": {"warmup": {"steps": 10}, "power": 0.9}}, torch_factors,
     warmed_up(lambda o: lr_scheduler.PolynomialLR(o, STEPS - 11, 0.9))),
    ("timm cosine", {"cosine": {"warmup": {"steps": 0}, "floor": 0.05}}, timm_factors,
     lambda o: CosineLRScheduler(o, STEPS - 1, lr_min=0.05, t_in_epochs=False)),
    ("timm cosine, then its floor", {"cosine": {"warmup": {"steps": 0}, "length": {"steps": 81}, "floor": 0.05}},
     timm_factors, lambda o: CosineLRScheduler(o, 80, lr_min=0.05, t_in_epochs=False)),
    ("timm poly", {"polynomial": {"warmup": {"steps": 0}, "power": 0.5, "floor": 0.1}}, timm_factors,
     lambda o: PolyLRScheduler(o, STEPS - 1, power=0.5, lr_min=0.1, t_in_epochs=False)),
    ("timm step", {"step": {"every": {"steps": 40}, "gamma": 0.5}}, timm_factors,
     lambda o: StepLRScheduler(o, decay_t=40, decay_rate=0.5, t_in_epochs=False)),
    ("timm multistep", {"multi-step": {"milestones": [{"steps": 29}, {"steps": 59}], "gamma": 0.5}}, timm_factors,
     lambda o: MultiStepLRScheduler(o, decay_t=[30, 60], decay_rate=0.5, t_in_epochs=False)),
]


def schedules():
    return [{"reference": name, "schedule": config, "factors": factors(make)}
            for name, config, factors, make in SCHEDULES]


# -- Loss curves of the models ---------------------------------------------------------------


class Cnn(nn.Module):
    """The preset `small` without dropout."""

    def __init__(self):
        super().__init__()
        channels = [3, 32, 64, 128]
        self.stages = nn.Sequential(*[
            nn.Sequential(nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2))
            for a, b in zip(channels, channels[1:])])
        self.fc1, self.head = nn.Linear(128 * 4 * 4, 256), nn.Linear(256, CLASSES)

    def forward(self, images):
        return self.head(torch.relu(self.fc1(self.stages(images).flatten(1))))


def cnn():
    model = Cnn()
    names = {f"stages.{i}.0": f"stages.{i}.block.conv" for i in range(3)} | {"fc1": "fc1", "head": "head"}
    return model, names, 1.0


def alexnet():
    model = torchvision.models.alexnet(num_classes=CLASSES, dropout=0.0)
    convolutions = {f"features.{i}": f"features.conv{n}" for n, i in enumerate([0, 3, 6, 8, 10], 1)}
    linear = {f"classifier.{i}": f"classifier.{n}" for n, i in [("fc6", 1), ("fc7", 4), ("head", 6)]}
    return model, convolutions | linear, 1.7


def vit():
    model = VisionTransformer(img_size=32, patch_size=4, num_classes=CLASSES, embed_dim=128, depth=6, num_heads=4)
    names = {"patch_embed.proj": "patch_embedding", "cls_token": "class_token", "pos_embed": "position_embedding",
             "head": "head"}
    for i in range(6):
        names |= {f"blocks.{i}.attn.{part}": f"blocks.{i}.attention.{part}" for part in ["qkv", "proj"]}
        names |= {f"blocks.{i}.mlp.{part}": f"blocks.{i}.mlp.{part}" for part in ["fc1", "fc2"]}
    return model, names, 1.0


class CifarBlock(nn.Module):
    """Two convolutions, and the paper's option A around them."""

    def __init__(self, channels, width, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.conv2 = nn.Conv2d(width, width, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(width)
        self.stride, self.added = stride, (width - channels) // 2

    def forward(self, x):
        shortcut = nn.functional.pad(x[:, :, :: self.stride, :: self.stride], (0, 0, 0, 0, self.added, self.added))
        x = self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x)))))
        return torch.relu(x + shortcut)


class CifarResNet(nn.Module):
    """He et al. 2015, section 4.2."""

    def __init__(self, depths, widths):
        super().__init__()
        channels = widths[0]
        self.conv1, self.bn1 = nn.Conv2d(3, channels, 3, 1, 1, bias=False), nn.BatchNorm2d(channels)
        for number, (depth, width) in enumerate(zip(depths, widths), 1):
            blocks = []
            for index in range(depth):
                blocks.append(CifarBlock(channels, width, 2 if number > 1 and index == 0 else 1))
                channels = width
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
        self.fc, self.stages = nn.Linear(channels, CLASSES), len(depths)

    def forward(self, x):
        x = torch.relu(self.bn1(self.conv1(x)))
        for number in range(1, self.stages + 1):
            x = getattr(self, f"layer{number}")(x)
        return self.fc(x.mean((2, 3)))


def resnet_names(model):
    """The zoo's names of the modules of a ResNet of timm's, torchvision's or ours."""
    is_d = isinstance(model.conv1, nn.Sequential)
    stem = {"conv1.0": 0, "conv1.3": 1, "conv1.6": 2} if is_d else {"conv1": 0}
    names = {name: f"stem.{index}.conv" for name, index in stem.items()}
    names |= {"conv1.1": "stem.0.norm", "conv1.4": "stem.1.norm", "bn1": f"stem.{len(stem) - 1}.norm", "fc": "head"}
    for name, module in model.named_modules():
        parts = name.split(".")
        if not parts[0].startswith("layer") or len(parts) < 3:
            continue
        block = f"stages.{int(parts[0][5:]) - 1}.blocks.{parts[1]}"
        if parts[2] == "downsample" and len(parts) == 4:
            kind = "conv" if isinstance(module, nn.Conv2d) else "norm"
            names[name] = f"{block}.shortcut.project.{kind}"
        elif parts[2][:-1] in ["conv", "bn"]:
            kind = "conv" if parts[2].startswith("conv") else "norm"
            names[name] = f"{block}.layers.{int(parts[2][-1]) - 1}.{kind}"
    return names


def convolutions_and_head(names):
    """What is filled: norms stay unchanged."""
    return {name: path for name, path in names.items() if not path.endswith(".norm")}


def resnet():
    model = CifarResNet([3, 3, 3], [16, 32, 64])
    return model, convolutions_and_head(resnet_names(model)), 1.0


def fill(model, names, gain):
    """Fills weights by their names in the zoo; norms stay unchanged. The zoo stores [in, out]."""
    for name, parameter in model.named_parameters():
        module, _, last = name.rpartition(".")
        path = names.get(name) or (f"{names[module]}.{last}" if module in names else None)
        if path is None:
            assert parameter.ndim == 1, name
            continue
        count = parameter.numel()
        with torch.no_grad():
            if last == "weight" and parameter.ndim == 2:
                values = filler(path, 0, count, gain / math.sqrt(parameter.shape[1]))
                parameter.copy_(torch.from_numpy(values.reshape(parameter.shape[::-1])).T)
            else:
                fan_in = parameter[0].numel()
                scale = gain / math.sqrt(fan_in) if last == "weight" else 0.01 if last == "bias" else 0.05
                parameter.copy_(torch.from_numpy(filler(path, 0, count, scale)).reshape(parameter.shape))


def train(forward, model, optimizer, schedule, steps, size, shape, smoothing, clip, bf16=False):
    losses = []
    for step in range(steps):
        images, labels = batch(step, size, shape)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=bf16):
            loss = nn.functional.cross_entropy(forward(images), labels, label_smoothing=smoothing)
        optimizer.zero_grad()
        loss.backward()
        if clip is not None:
            nn.utils.clip_grad_norm_(model.parameters(), clip)
        optimizer.step()
        if schedule is not None:
            schedule.step()
        losses.append(loss.item())
    return losses


def curve(made, size, side, config, clip, bf16=False):
    (model, names, gain), (kind, settings) = made, next(iter(config.items()))
    fill(model, names, gain)
    decayed = [p for n, p in model.named_parameters() if p.ndim > 1 and "cls" not in n and "pos" not in n]
    rest = [p for n, p in model.named_parameters() if p.ndim <= 1 or "cls" in n or "pos" in n]
    groups = [{"params": decayed, "weight_decay": settings["weight_decay"]}, {"params": rest, "weight_decay": 0.0}]
    if kind == "sgd":
        optimizer = torch.optim.SGD(groups, lr=settings["learning_rate"], momentum=settings["momentum"])
    else:
        optimizer = torch.optim.AdamW(groups, lr=settings["learning_rate"])
    model.train()
    schedule = SequentialLR(optimizer, [lr_scheduler.LinearLR(optimizer, 0.1, total_iters=9),
                                        lr_scheduler.CosineAnnealingLR(optimizer, CURVE_STEPS - 11)], [10])
    losses = train(model, model, optimizer, schedule, CURVE_STEPS, size, (3, side, side), 0.0, clip, bf16)
    return {"optimizer": config, "batch": size, "image_size": side, "gain": gain, "clip_grad_norm": clip,
            "losses": losses}


def loss_curves(bf16=False):
    """Learning rates at which PyTorch agrees with itself to within 1e-3, in single and double precision and with and
    without oneDNN's convolutions. At larger ones, a network with ReLU and pooling diverges from its own twin, so
    there is no curve to compare with."""

    def sgd(rate):
        return {"sgd": {"learning_rate": rate, "momentum": 0.9, "weight_decay": 5e-4}}

    adamw = {"adamw": {"learning_rate": 5e-4, "weight_decay": 0.05}}
    return {
        "cnn": curve(cnn(), 16, 32, sgd(0.005), 1.0, bf16),
        "alexnet": curve(alexnet(), 8, 64, sgd(0.001), 0.5, bf16),
        "resnet": curve(resnet(), 16, 32, sgd(0.002), 1.0, bf16),
        "vit": curve(vit(), 16, 32, adamw, 1.0, bf16),
    }


def loss_curves_bf16():
    """The losses of the same trainings in mixed precision, as autocast does it."""
    return {name: found["losses"] for name, found in loss_curves(bf16=True).items()}


# -- Gradients of the blocks of a ResNet -----------------------------------------------------------


def gradients():
    """Of each parameter, the norm of its gradient, and the product with numbers by its name."""

    def timms(block, **args):
        return ResNet(block, [1, 2, 1, 1], channels=(4, 4, 8, 8), num_classes=CLASSES, zero_init_last=False, **args)

    networks = {
        "basic, zero-padding": CifarResNet([1, 2], [8, 16]),
        "basic, convolution": timms(BasicBlock),
        "bottleneck, convolution": timms(Bottleneck),
        "bottleneck, average-pooling": timms(Bottleneck, stem_width=4, stem_type="deep", avg_down=True),
    }
    return {name: network_gradients(model) for name, model in networks.items()}


class Kinks(TorchDispatchMode):
    """How near to 0 an input of a ReLU comes: there, rounding decides which way the gradient goes."""

    nearest = math.inf

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        if func in (torch.ops.aten.relu.default, torch.ops.aten.relu_.default):
            self.nearest = min(self.nearest, args[0].abs().min().item())
        return func(*args, **(kwargs or {}))


def distance_from_kinks(model, step):
    with torch.no_grad(), Kinks() as kinks:
        model(batch(step, 8, (3, 33, 33))[0])
    return kinks.nearest


def network_gradients(model):
    names = resnet_names(model)
    fill(model, convolutions_and_head(names), 1.5)
    model.train()
    step = max(range(16), key=lambda step: distance_from_kinks(model, step))
    images, labels = batch(step, 8, (3, 33, 33))
    loss = nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    found = {"step": step, "loss": loss.item(), "gradients": {}}
    for name, parameter in model.named_parameters():
        module, _, last = name.rpartition(".")
        path = names[module]
        if path.endswith(".norm"):
            last = {"weight": "gamma", "bias": "beta"}[last]
        gradient = parameter.grad.T if parameter.ndim == 2 else parameter.grad
        pattern = torch.from_numpy(filler(f"gradient of {path}.{last}", 0, parameter.numel(), 1.0))
        product = (gradient.flatten() * pattern).sum().item()
        found["gradients"][f"{path}.{last}"] = [gradient.norm().item(), product]
    return found


def main():
    torch.manual_seed(0)
    torch.set_num_threads(2)
    FIXTURES.mkdir(exist_ok=True)
    for make in [optimizers, schedules, loss_curves, loss_curves_bf16, gradients]:
        with open(FIXTURES / f"{make.__name__}.json", "w") as file:
            json.dump(make(), file, indent=1)
            file.write("\n")


if __name__ == "__main__":
    main()
