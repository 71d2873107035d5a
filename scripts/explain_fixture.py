#!/usr/bin/env python3
"""Writes tests/fixtures/explain.json: pytorch-grad-cam's heat maps for small networks of PyTorch, torchvision and timm,
attention rollout of the last one, and matplotlib's colours.

    python3 -m venv venv && venv/bin/pip install torch torchvision timm grad-cam matplotlib
    venv/bin/python scripts/explain_fixture.py

Weights and images come from the formulas in scripts/training_fixture.py, which the tests of zoo-runner share.
"""

import json
import math

import matplotlib
import numpy as np
import torch
import torchvision
from pytorch_grad_cam import GradCAM, HiResCAM
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget
from timm.layers import set_fused_attn
from timm.models.resnet import BasicBlock, ResNet
from timm.models.vision_transformer import VisionTransformer
from torch import nn

from training_fixture import CLASSES, FIXTURES, convolutions_and_head, fill, filler, resnet_names

LABELS = [3, 8]
GAIN = 2.0


def images(side):
    values = filler("images", 0, len(LABELS) * 3 * side * side, 1.0)
    return torch.from_numpy(values.reshape(len(LABELS), 3, side, side))


def cnn():
    """The preset `small` with fewer channels; the target layer is the input of the last pooling."""
    widths = [3, 6, 8, 12]
    stages = [
        nn.Sequential(nn.Conv2d(a, b, 3, padding=1, bias=False), nn.BatchNorm2d(b), nn.ReLU(), nn.MaxPool2d(2))
        for a, b in zip(widths, widths[1:])
    ]
    model = nn.Sequential(*stages, nn.Flatten(), nn.Linear(12 * 2 * 2, 16), nn.ReLU(), nn.Linear(16, CLASSES))
    names = {f"{i}.0": f"stages.{i}.block.conv" for i in range(3)} | {"4": "fc1", "6": "head"}
    return model, names, model[2][2], None, 16


def alexnet():
    """torchvision's AlexNet with fewer channels."""
    model = torchvision.models.alexnet(num_classes=CLASSES, dropout=0.0)
    widths = [3, 4, 6, 8, 6, 6]
    for number, index in enumerate([0, 3, 6, 8, 10]):
        old = model.features[index]
        model.features[index] = nn.Conv2d(*widths[number : number + 2], old.kernel_size, old.stride, old.padding)
    for index, sizes in {1: (6 * 36, 16), 4: (16, 16), 6: (16, CLASSES)}.items():
        model.classifier[index] = nn.Linear(*sizes)
    convolutions = {f"features.{i}": f"features.conv{n}" for n, i in enumerate([0, 3, 6, 8, 10], 1)}
    linear = {f"classifier.{i}": f"classifier.{n}" for n, i in [("fc6", 1), ("fc7", 4), ("head", 6)]}
    return model, convolutions | linear, model.features[11], None, 95


def resnet():
    """timm's ResNet with fewer channels; the target layer is the last block."""
    model = ResNet(BasicBlock, [1, 2, 1, 1], channels=(4, 4, 6, 8), num_classes=CLASSES, zero_init_last=False)
    return model, convolutions_and_head(resnet_names(model)), model.layer4[-1], None, 127


def vit():
    model = VisionTransformer(img_size=20, patch_size=4, num_classes=CLASSES, embed_dim=24, depth=3, num_heads=3)
    names = {
        "patch_embed.proj": "patch_embedding",
        "cls_token": "class_token",
        "pos_embed": "position_embedding",
        "head": "head",
    }
    for i in range(3):
        names |= {f"blocks.{i}.attn.{part}": f"blocks.{i}.attention.{part}" for part in ["qkv", "proj"]}
        names |= {f"blocks.{i}.mlp.{part}": f"blocks.{i}.mlp.{part}" for part in ["fc1", "fc2"]}

    def grid(tokens):
        side = math.isqrt(tokens.shape[1])
        return tokens[:, 1:].reshape(tokens.shape[0], side, side, -1).permute(0, 3, 1, 2)

    return model, names, model.blocks[-1].norm1, grid, 20


def grad_cam(model, target, grid, pixels):
    """The heat map of each image, before and after it is resized to the image."""
    with GradCAM(model, [target], reshape_transform=grid) as cam:
        raw = []
        get_cam_image = cam.get_cam_image
        cam.get_cam_image = lambda *args: raw.append(get_cam_image(*args)) or raw[0]
        resized = cam(pixels, [ClassifierOutputTarget(label) for label in LABELS])
    heat = np.maximum(raw[0], 0)
    # With 0 as the smallest value, the library's subtraction of it changes nothing.
    assert (heat.min((1, 2)) == 0).all() and (heat.max((1, 2)) > 0).all()
    with HiResCAM(model, [target], reshape_transform=grid) as cam:
        hires = []
        get_cam_image = cam.get_cam_image
        cam.get_cam_image = lambda *args: hires.append(get_cam_image(*args)) or hires[0]
        cam(pixels, [ClassifierOutputTarget(label) for label in LABELS])
    hires = np.maximum(hires[0], 0)
    assert (hires.max((1, 2)) > 0).all()
    # All pixels of a large image would make a large file.
    return {"heat": rounded(heat), "hires": rounded(hires)} | ({"resized": rounded(resized)} if pixels.shape[-1] <= 32 else {})


def rollout(model, pixels):
    """Abnar and Zuidema 2020, https://arxiv.org/abs/2005.00928, from timm's attention weights."""
    weights = []
    hooks = [block.attn.attn_drop.register_forward_hook(lambda *call: weights.append(call[2])) for block in model.blocks]
    with torch.no_grad():
        model(pixels)
    for hook in hooks:
        hook.remove()
    joint = torch.eye(weights[0].shape[-1]).expand(len(pixels), -1, -1)
    for layer in weights:
        mixed = 0.5 * layer.mean(1) + 0.5 * torch.eye(layer.shape[-1])
        joint = (mixed / mixed.sum(-1, keepdim=True)) @ joint
    side = math.isqrt(joint.shape[-1])
    return {
        "rollout": rounded(joint[:, 0, 1:].reshape(-1, side, side).numpy()),
        "attention": rounded(weights[-1][:, :, 0].numpy()),
    }


def rounded(array):
    return np.vectorize(lambda value: float(f"{value:.6g}"))(array).tolist()


def main():
    set_fused_attn(False)
    fixture = {}
    for make in [cnn, alexnet, resnet, vit]:
        model, names, target, grid, side = make()
        fill(model, names, GAIN)
        model.eval()
        found = {"image_size": side, **grad_cam(model, target, grid, images(side))}
        found["logits"] = rounded(model(images(side)).detach().numpy())
        if make is vit:
            found |= rollout(model, images(side))
        fixture[make.__name__] = found
    colours = np.array(matplotlib.colormaps["magma"].colors) * 255
    fixture["magma"] = colours.round().astype(int).tolist()
    lines = [f' "{key}": {json.dumps(value)}' for key, value in {"labels": LABELS, "gain": GAIN, **fixture}.items()]
    (FIXTURES / "explain.json").write_text("{\n" + ",\n".join(lines) + "\n}\n")


if __name__ == "__main__":
    main()
