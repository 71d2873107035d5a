#!/usr/bin/env python3
"""Writes the images that torchvision's operations produce, for the tests of zoo-data's operations.

    python3 -m venv venv && venv/bin/pip install torch torchvision pillow numpy
    venv/bin/python scripts/augment_fixtures.py

Writes to crates/zoo-data/src/augment/fixtures/:
- original.png: an image of shapes, gradients and noise
- cases.json: operations and their parameters, as zoo-data names them
- expected.png: the original after each operation, one below the other
- policies.json: torchvision's AutoAugment policies
"""

import json
import math
from pathlib import Path

import numpy
import torch
from PIL import Image
from torchvision.transforms import AutoAugmentPolicy, InterpolationMode
from torchvision.transforms.v2 import AutoAugment, RandAugment, TrivialAugmentWide, functional

FOLDER = Path(__file__).parent.parent / "crates/zoo-data/src/augment/fixtures"
WIDTH, HEIGHT = 52, 40
MODES = {"bilinear": InterpolationMode.BILINEAR, "nearest": InterpolationMode.NEAREST}


def original():
    """Gradients, a disc, stripes and noise; no channel uses all values."""
    y, x = numpy.mgrid[:HEIGHT, :WIDTH].astype(float)
    red = 30 + 150 * x / WIDTH + 40 * numpy.sin(y / 3)
    green = 60 + 120 * y / HEIGHT
    blue = 90 + 60 * numpy.cos((x + y) / 5)
    image = numpy.stack([red, green, blue])
    disc = (x - 18) ** 2 + (y - 15) ** 2 < 110
    image[:, disc] = numpy.array([[210], [180], [60]]) - (x + y)[disc]
    image[:, 28:33, 30:47] = numpy.array([20, 60, 200]).reshape(3, 1, 1)
    image += numpy.random.default_rng(0).normal(0, 6, image.shape)
    return torch.from_numpy(image.clip(0, 255).astype(numpy.uint8))


def affine(rotate=0.0, translate=(0, 0), scale=1.0, shear=(0.0, 0.0), centre=(0.5, 0.5), interpolation="bilinear", colour=(0, 0, 0)):
    case = dict(name="affine", rotate=rotate, translate=translate, scale=scale, shear=shear, centre=centre, interpolation=interpolation, colour=colour)
    middle = None if centre == (0.5, 0.5) else [centre[0] * WIDTH, centre[1] * HEIGHT]
    fill = None if colour == (0, 0, 0) else list(colour)
    return case, lambda image: functional.affine(
        image, rotate, list(translate), scale, list(shear), interpolation=MODES[interpolation], fill=fill, center=middle
    )


def perspective(corners, interpolation="bilinear"):
    case = dict(name="perspective", corners=corners, interpolation=interpolation, colour=(0, 0, 0))
    start = [[0, 0], [WIDTH - 1, 0], [WIDTH - 1, HEIGHT - 1], [0, HEIGHT - 1]]
    return case, lambda image: functional.perspective(image, start, corners, interpolation=MODES[interpolation])


def resized_crop(left, top, width, height, size):
    case = dict(name="resized-crop", left=left, top=top, width=width, height=height, side=size)
    return case, lambda image: functional.resized_crop(image, top, left, height, width, [size, size], antialias=True)


def padded_crop(padding, fill, left, top):
    mode = {"zeros": "constant", "reflect": "reflect"}[fill]
    case = dict(name="padded-crop", padding=padding, fill=fill, left=left, top=top)
    return case, lambda image: functional.crop(functional.pad(image, [padding], padding_mode=mode), top, left, HEIGHT, WIDTH)


def erase(left, top, width, height, colour):
    case = dict(name="erase", left=left, top=top, width=width, height=height, colour=colour)
    value = torch.tensor(colour, dtype=torch.uint8).reshape(3, 1, 1)
    return case, lambda image: functional.erase(image, top, left, height, width, value.expand(3, height, width))


def blur(kernel_size, sigma):
    case = dict(name="gaussian-blur", kernel_size=kernel_size, sigma=sigma)
    return case, lambda image: functional.gaussian_blur(image, kernel_size, sigma)


def one(name, function, **setting):
    return dict(name=name, **setting), lambda image: function(image, *setting.values())


def policy(space, transform, operation, strength):
    """A policy's operation at a fraction of its largest magnitude, in either direction."""
    functions, signed = transform._AUGMENTATION_SPACE[operation]
    magnitudes = functions(31, HEIGHT, WIDTH)
    magnitude = 0.0 if magnitudes is None else float(magnitudes[round(abs(strength) * 30)])
    magnitude = math.copysign(magnitude, strength) if signed else magnitude
    case = dict(name="policy", space=space, choice=operation, strength=strength if signed else abs(strength))
    return case, lambda image: transform._apply_image_or_video_transform(
        image, operation, magnitude, interpolation=InterpolationMode.BILINEAR, fill={torch.Tensor: None}
    )


def cases():
    yield dict(name="horizontal-flip"), functional.horizontal_flip
    yield dict(name="vertical-flip"), functional.vertical_flip
    yield padded_crop(4, "zeros", 7, 1)
    yield padded_crop(9, "reflect", 0, 18)
    yield resized_crop(5, 3, 40, 31, 20)
    yield resized_crop(12, 8, 17, 13, 40)
    yield resized_crop(0, 0, WIDTH, HEIGHT, 32)
    for degrees in (17.0, -90.0, 180.0):
        yield affine(rotate=degrees)
    yield affine(translate=(5, -9))
    yield affine(scale=0.7)
    yield affine(scale=1.6)
    yield affine(shear=(20.0, 0.0))
    yield affine(shear=(0.0, -35.0), centre=(0.0, 0.0))
    yield affine(rotate=-33.0, translate=(4, 2), scale=1.2, shear=(12.0, -7.0))
    yield affine(rotate=25.0, scale=0.8, interpolation="nearest", colour=(120, 110, 100))
    yield perspective([[4, 2], [46, 6], [43, 36], [1, 30]])
    yield perspective([[12, 9], [50, 1], [40, 31], [1, 38]])
    for factor in (0.4, 1.7):
        yield one("brightness", functional.adjust_brightness, factor=factor)
        yield one("contrast", functional.adjust_contrast, factor=factor)
        yield one("saturation", functional.adjust_saturation, factor=factor)
        yield one("sharpness", functional.adjust_sharpness, factor=3 * factor)
    for shift in (0.1, -0.4):
        yield one("hue", functional.adjust_hue, shift=shift)
    yield one("grayscale", lambda image: functional.rgb_to_grayscale(image, 3))
    yield blur(3, 0.5)
    yield blur(9, 2.0)
    yield one("posterize", functional.posterize, bits=3)
    yield one("solarize", functional.solarize, threshold=128.0)
    yield one("invert", functional.invert)
    yield one("equalize", functional.equalize)
    yield one("auto-contrast", functional.autocontrast)
    yield erase(10, 5, 20, 30, (125, 123, 114))
    for operation in RandAugment._AUGMENTATION_SPACE:
        yield policy("narrow", RandAugment(), operation, 0.3)
        yield policy("wide", TrivialAugmentWide(), operation, -0.7)


def save(name, image):
    Image.fromarray(image.permute(1, 2, 0).numpy()).save(FOLDER / name, optimize=True)


def main():
    FOLDER.mkdir(exist_ok=True)
    image = original()
    save("original.png", image)
    listed, strips = [], []
    for case, apply in cases():
        result = apply(image)
        listed.append(dict(case, size=list(result.shape[:0:-1])))
        strip = torch.zeros(3, result.shape[1], WIDTH, dtype=torch.uint8)
        strip[:, :, : result.shape[2]] = result
        strips.append(strip)
    save("expected.png", torch.cat(strips, dim=1))
    lines = ",\n".join(json.dumps(case) for case in listed)
    (FOLDER / "cases.json").write_text(f"[\n{lines}\n]\n")
    policies = {
        name: [[[operation, probability, strength or 0] for operation, probability, strength in pair] for pair in AutoAugment(kind)._policies]
        for name, kind in (("imagenet", AutoAugmentPolicy.IMAGENET), ("cifar10", AutoAugmentPolicy.CIFAR10))
    }
    text = ",\n".join(f'"{name}": {json.dumps(pairs)}' for name, pairs in policies.items())
    (FOLDER / "policies.json").write_text(f"{{\n{text}\n}}\n")


if __name__ == "__main__":
    main()
