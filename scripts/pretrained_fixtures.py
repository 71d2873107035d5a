#!/usr/bin/env python3
"""Writes weights of torchvision, timm and Hugging Face's transformers, with the scores that these libraries compute from them.

Without arguments, writes small networks with random weights, their scores and their resized position
embeddings to tests/fixtures/pretrained, for tests/pretrained.rs.

    scripts/pretrained_fixtures.py

With --full, builds the networks at their published sizes with random weights; the binary then imports,
uses and exports them. The scores of 8 images must agree to within 1e-4 of the largest, and the exported
tensors bit for bit and under load_state_dict(strict=True). Prints the result; exits with 1 if anything
differs.

    scripts/pretrained_fixtures.py --full target/release/zoo

With --run, exports a run that was trained here to a layout, and compares the scores of images.

    scripts/pretrained_fixtures.py --run runs/vit-cifar10 timm IMAGE... --zoo target/release/zoo

Needs torch, torchvision, timm, transformers, safetensors and Pillow.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import timm
import torch
import torchvision
import transformers
from PIL import Image
from safetensors.torch import load_file, save_file
from timm.layers import resample_abs_pos_embed
from timm.models.resnet import BasicBlock, Bottleneck, ResNet
from torch import nn
from torchvision.models.vision_transformer import VisionTransformer, interpolate_embeddings

FIXTURES = pathlib.Path(__file__).parent.parent / "tests/fixtures/pretrained"
# Features, MLP, blocks, heads, patch, image, classes.
SMALL = dict(width=16, mlp=32, depth=2, heads=2, patch=4, image=16, classes=3)


def randomize(model, seed, deviation=None):
    """Gives every parameter, norms and biases included, a value that affects the output. Without a
    deviation, matrices are drawn so that they preserve the scale of their input."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        noise = torch.randn(parameter.shape, generator=generator)
        fan_in = parameter[0].numel() if parameter.dim() > 1 else 1
        scale = deviation or (fan_in**-0.5 if parameter.dim() > 1 else 0.1)
        is_norm = parameter.dim() == 1 and name.endswith("weight")
        parameter.data = noise * scale + (1.0 if is_norm else 0.0)
    for name, buffer in model.named_buffers():
        if name.endswith("running_mean"):
            buffer.copy_(torch.randn(buffer.shape, generator=generator) * 0.1)
        elif name.endswith("running_var"):
            buffer.copy_(torch.rand(buffer.shape, generator=generator) + 0.5)
    return model.eval()


def pattern(count, size):
    """Images from a formula that the Rust test shares."""
    index = torch.arange(count * 3 * size * size)
    return ((index * 37 + 11) % 101).float().reshape(count, 3, size, size) / 50 - 1


def small_alexnet():
    model = torchvision.models.AlexNet(num_classes=3)
    widths = [4, 6, 8, 6, 5]
    channels = [3, *widths]
    for place, conv in enumerate([0, 3, 6, 8, 10]):
        old = model.features[conv]
        model.features[conv] = nn.Conv2d(
            channels[place], widths[place], old.kernel_size, old.stride, old.padding
        )
    model.classifier[1] = nn.Linear(widths[-1] * 36, 12)
    model.classifier[4] = nn.Linear(12, 12)
    model.classifier[6] = nn.Linear(12, 3)
    return model


class SmallResNet(torchvision.models.ResNet):
    """torchvision's ResNet with a sixteenth of its channels after the stem."""

    def _make_layer(self, block, planes, *args, **kwargs):
        return super()._make_layer(block, planes // 16, *args, **kwargs)


def small_torchvision_resnet():
    model = SmallResNet(torchvision.models.resnet.BasicBlock, [1, 2, 1, 1])
    model.fc = nn.Linear(32, 3)
    return model


def timm_resnet(block, layers, **args):
    return ResNet(block, layers, channels=(4, 4, 6, 8), num_classes=3, zero_init_last=False, **args)


def hf_resnet(kind):
    config = transformers.ResNetConfig(
        embedding_size=8, hidden_sizes=[8, 12], depths=[1, 2], layer_type=kind,
        id2label={label: f"kind {label}" for label in range(3)},
    )
    return transformers.ResNetForImageClassification(config)


class Cifar(nn.Module):
    """The names and the computation of github.com/akamaster/pytorch_resnet_cifar10."""

    class Block(nn.Module):
        def __init__(self, channels, width, stride, option):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(channels, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width)
            self.conv2, self.bn2 = nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width)
            self.shortcut, self.added = nn.Sequential(), None
            if (stride != 1 or channels != width) and option == "A":
                self.added = (width - channels) // 2
            elif stride != 1 or channels != width:
                conv = nn.Conv2d(channels, width, 1, stride, bias=False)
                self.shortcut = nn.Sequential(conv, nn.BatchNorm2d(width))

        def forward(self, x):
            shortcut = self.shortcut(x)
            if self.added is not None:
                shortcut = nn.functional.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, self.added, self.added))
            return torch.relu(self.bn2(self.conv2(torch.relu(self.bn1(self.conv1(x))))) + shortcut)

    def __init__(self, depth, classes=10, option="A", widths=(16, 32, 64)):
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, widths[0], 3, 1, 1, bias=False), nn.BatchNorm2d(widths[0])
        for number, (channels, width) in enumerate(zip([widths[0], *widths], widths), 1):
            blocks = [self.Block(channels, width, min(number, 2), option)]
            blocks += [self.Block(width, width, 1, option) for _ in range(depth - 1)]
            setattr(self, f"layer{number}", nn.Sequential(*blocks))
        self.linear = nn.Linear(widths[-1], classes)

    def forward(self, x):
        x = self.layer3(self.layer2(self.layer1(torch.relu(self.bn1(self.conv1(x))))))
        return self.linear(x.mean((2, 3)))


def sequential():
    """The small network of github.com/locuslab/convex_adversarial, with fewer channels."""
    return nn.Sequential(
        nn.Conv2d(3, 4, 4, 2, 1), nn.ReLU(), nn.Conv2d(4, 5, 4, 2, 1), nn.ReLU(), nn.Flatten(),
        nn.Linear(5 * 16, 7), nn.ReLU(), nn.Linear(7, 3),
    )


def torchvision_vit(width, mlp, depth, heads, patch, image, classes):
    return VisionTransformer(image, patch, depth, heads, width, mlp, num_classes=classes)


def timm_vit(width, mlp, depth, heads, patch, image, classes):
    return timm.models.VisionTransformer(
        img_size=image, patch_size=patch, embed_dim=width, depth=depth, num_heads=heads,
        mlp_ratio=mlp / width, num_classes=classes,
    )


def hf_vit(width, mlp, depth, heads, patch, image, classes):
    config = transformers.ViTConfig(
        hidden_size=width, intermediate_size=mlp, num_hidden_layers=depth, num_attention_heads=heads,
        patch_size=patch, image_size=image, hidden_dropout_prob=0.0,
        id2label={label: f"kind {label}" for label in range(classes)},
    )
    return transformers.ViTForImageClassification(config)


def scores(model, images):
    with torch.no_grad():
        output = model(images)
    return getattr(output, "logits", output)


def contiguous(state):
    return {name: tensor.contiguous() for name, tensor in state.items()}


def write_small():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    expected = {}

    def keep(name, model, size):
        expected[name] = scores(model, pattern(2, size)).tolist()

    alexnet = randomize(small_alexnet(), 1)
    torch.save(alexnet.state_dict(), FIXTURES / "torchvision-alexnet.pth")
    keep("torchvision-alexnet", alexnet, 63)

    vit = randomize(torchvision_vit(**SMALL), 2)
    torch.save(vit.state_dict(), FIXTURES / "torchvision-vit.pth")
    keep("torchvision-vit", vit, 16)
    old = {
        name.replace("mlp.0", "mlp.linear_1").replace("mlp.3", "mlp.linear_2"): tensor
        for name, tensor in vit.state_dict().items()
    }
    save_file(contiguous(old), FIXTURES / "torchvision-vit-old.safetensors")

    vit = randomize(timm_vit(**SMALL), 3)
    save_file(contiguous(vit.state_dict()), FIXTURES / "timm-vit.safetensors")
    torch.save({"model": vit.state_dict(), "epoch": 3}, FIXTURES / "timm-vit-nested.pth")
    half = {name: tensor.half() for name, tensor in vit.state_dict().items()}
    save_file(contiguous(half), FIXTURES / "timm-vit-half.safetensors")
    keep("timm-vit", vit, 16)

    vit = randomize(hf_vit(**SMALL), 4)
    vit.save_pretrained(FIXTURES / "hf-vit")
    transformers.ViTImageProcessor(
        size={"height": 16, "width": 16}, image_mean=[0.4, 0.5, 0.6], image_std=[0.2, 0.3, 0.4]
    ).save_pretrained(FIXTURES / "hf-vit")
    keep("hf-vit", vit, 16)

    write_small_resnets(keep)
    small = randomize(sequential(), 11)
    torch.save(small.state_dict(), FIXTURES / "sequential-cnn.pth")
    keep("sequential-cnn", small, 16)

    expected["positions"] = {
        f"{side} to {new}": positions(side, new) for side, new in [(4, 6), (14, 24), (24, 14)]
    }
    (FIXTURES / "expected.json").write_text(json.dumps(expected))
    write_hostile()


def write_small_resnets(keep):
    networks = {
        "torchvision-resnet": small_torchvision_resnet(),
        "timm-resnet-bottleneck": timm_resnet(Bottleneck, [1, 1, 2, 1]),
        "timm-resnet-d": timm_resnet(Bottleneck, [1, 1, 1, 1], stem_width=4, stem_type="deep", avg_down=True),
    }
    for seed, (name, resnet) in enumerate(networks.items(), 5):
        save_file(contiguous(randomize(resnet, seed).state_dict()), FIXTURES / f"{name}.safetensors")
        # An odd size, so that windows reach over the edge.
        keep(name, resnet, 45)
    for seed, kind in enumerate(["basic", "bottleneck"], 8):
        resnet = randomize(hf_resnet(kind), seed)
        resnet.save_pretrained(FIXTURES / f"hf-resnet-{kind}")
        transformers.ConvNextImageProcessor(size={"shortest_edge": 32}).save_pretrained(FIXTURES / f"hf-resnet-{kind}")
        keep(f"hf-resnet-{kind}", resnet, 32)
    for option in "AB":
        resnet = randomize(Cifar(1, 3, option, (4, 8, 12)), 10)
        state = {f"module.{name}": tensor for name, tensor in resnet.state_dict().items()}
        path = FIXTURES / f"akamaster-resnet-{option.lower()}.th"
        torch.save({"state_dict": state, "best_prec1": 50.0}, path, _use_new_zipfile_serialization=False)
        keep(path.stem, resnet, 16)


def positions(side, new):
    """A square of one feature, resized by the functions of the three libraries."""
    square = pattern(1, side)[:, :1].reshape(1, side * side, 1)
    whole = torch.cat([torch.zeros(1, 1, 1), square], 1)
    aligned = interpolate_embeddings(
        new, 1, {"encoder.pos_embedding": whole}, interpolation_mode="bicubic"
    )["encoder.pos_embedding"]
    smoothed = resample_abs_pos_embed(whole, [new, new], num_prefix_tokens=1)
    # As in transformers' ViTEmbeddings.interpolate_pos_encoding.
    centred = nn.functional.interpolate(
        square.reshape(1, 1, side, side), size=(new, new), mode="bicubic", align_corners=False
    )
    return {
        "aligned": aligned[0, 1:, 0].tolist(),
        "antialiased": smoothed[0, 1:, 0].tolist(),
        "centred": centred.flatten().tolist(),
    }


class Hostile:
    def __reduce__(self):
        return os.system, ("touch executed-by-a-pickle",)


def write_hostile():
    torch.save({"weight": torch.zeros(2), "extra": Hostile()}, FIXTURES / "hostile.pth")
    torch.save(
        {"weight": torch.zeros(2), "extra": Hostile()},
        FIXTURES / "hostile-legacy.pth",
        _use_new_zipfile_serialization=False,
    )


def full_models():
    yield "alexnet", "torchvision", torchvision.models.alexnet()
    yield "vit_b_16", "torchvision", torchvision.models.vit_b_16()
    yield "vit_b_32", "torchvision", torchvision.models.vit_b_32()
    for depth in [18, 34, 50, 101, 152]:
        yield f"resnet{depth}", "torchvision", getattr(torchvision.models, f"resnet{depth}")()
    for name in ["resnet18", "resnet50", "resnet18d", "resnet50d"]:
        yield name, "timm", timm.create_model(name)
    yield "ResNetForImageClassification", "hf", transformers.ResNetForImageClassification(
        transformers.ResNetConfig(num_labels=1000)
    )
    for depth in [20, 56]:
        yield f"cifar-resnet{depth}", "akamaster", Cifar((depth - 2) // 6)
    for size in ["tiny", "small", "base"]:
        name = f"vit_{size}_patch16_224"
        yield name, "timm", timm.create_model(name)
    yield "ViTForImageClassification", "hf", transformers.ViTForImageClassification(
        transformers.ViTConfig(num_labels=1000)
    )


def images_in(folder, count=8, size=224):
    generator = torch.Generator().manual_seed(5)
    files = []
    for index in range(count):
        coarse = torch.rand(1, 3, 7, 7, generator=generator)
        pixels = nn.functional.interpolate(coarse, size=size, mode="bilinear")[0]
        pixels = (pixels * 255).byte().permute(1, 2, 0).numpy()
        files.append(folder / f"{index}.png")
        Image.fromarray(pixels).save(files[-1])
    return files


def prepared(files, mean=0.5, std=0.5):
    import numpy

    pixels = [torch.from_numpy(numpy.array(Image.open(file).convert("RGB"))) for file in files]
    return (torch.stack(pixels).permute(0, 3, 1, 2).float() / 255 - mean) / std


def measured(command):
    """Seconds and peak memory in bytes of a command that must succeed. The kernel's own count of a
    child's memory starts with that of this process, so we ask Linux while the child runs."""
    start, peak = time.time(), 0
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    status = pathlib.Path(f"/proc/{process.pid}/status")
    while process.poll() is None:
        lines = [line for line in status.read_text().splitlines() if line.startswith("VmHWM")]
        peak = max([peak, *(int(line.split()[1]) * 1024 for line in lines)])
        time.sleep(0.002)
    assert process.returncode == 0, command
    return time.time() - start, peak


def zoo_scores(zoo, weights, files):
    command = [zoo, "predict", weights, *files, "--json", "--logits", "-q"]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return torch.tensor([image["logits"] for image in json.loads(output)])


def save(model, layout, folder):
    """Saves a model as its library does, and returns the file's path."""
    if layout == "hf":
        model.save_pretrained(folder)
        return folder / "model.safetensors"
    torch.save(model.state_dict(), folder / "model.pth")
    return folder / "model.pth"


def load(model, layout, path):
    """The tensors of a file, after checking that the model's library loads all of them."""
    if layout == "hf":
        again, info = type(model).from_pretrained(path.parent, output_loading_info=True)
        assert not any(info.values()), info
        return again.state_dict()
    returned = load_file(path)
    model.load_state_dict(returned, strict=True)
    return returned


def check_full(zoo):
    failed = False
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        files = images_in(folder)
        for name, layout, model in full_models():
            randomize(model, 6)
            theirs = folder / f"{layout}-{name}"
            theirs.mkdir()
            source, ours = save(model, layout, theirs), folder / "ours.safetensors"
            state = contiguous(model.state_dict())
            figures = ["--mean", "0.5,0.5,0.5", "--std", "0.5,0.5,0.5", "--resize", "none"]
            small = [32] if layout == "akamaster" else []
            images = prepared(images_in(folder, *([8] + small)))
            seconds, memory = measured([zoo, "import", source, "--out", ours, *figures])
            wanted, found = scores(model, images), zoo_scores(zoo, ours, files)
            error = ((wanted - found).abs().max() / wanted.abs().max()).item()
            back = folder / f"{layout}-{name}-back" / "model.safetensors"
            back.parent.mkdir()
            measured([zoo, "export", ours, "--layout", layout, "--out", back])
            returned = load(model, layout, back)
            equal = all(torch.equal(state[key], returned[key]) for key in state)
            size = source.stat().st_size
            good = error < 1e-4 and equal
            failed |= not good
            print(
                f"{name:26} {layout:11} error {error:.1e}, bit-equal back: {equal}, import "
                f"{seconds:.2f} s, {memory / size:.2f} x {size / 1e6:.0f} MB: "
                f"{'good' if good else 'WRONG'}",
                flush=True,
            )
    return failed


def check_run(zoo, run, layout, files):
    """PyTorch's scores for a network that was trained here."""
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder) / "model.safetensors"
        subprocess.run([zoo, "export", run, "--layout", layout, "--out", out], check=True)
        with open(pathlib.Path(run) / "config.json") as text:
            settings = json.load(text)["model"]
        kind, sizes = next(iter(settings.items()))
        header = open(pathlib.Path(run) / "model.safetensors", "rb")
        length = int.from_bytes(header.read(8), "little")
        info = json.loads(json.loads(header.read(length))["__metadata__"]["burn-zoo"])
        if kind == "alexnet":
            model = torchvision.models.alexnet(num_classes=sizes["num_classes"])
        elif layout == "hf":
            model = transformers.ViTForImageClassification.from_pretrained(folder)
        else:
            maker = {"torchvision": torchvision_vit, "timm": timm_vit}[layout]
            model = maker(
                sizes["embed_dim"], sizes["mlp_dim"], sizes["depth"], sizes["num_heads"],
                sizes["patch_size"], sizes["image_size"], sizes["num_classes"],
            )
        if layout != "hf":
            model.load_state_dict(load_file(out), strict=True)
        preprocess = info["preprocess"]
        size = preprocess["image_size"]
        resized = []
        for index, file in enumerate(files):
            # Squared here, so that only the networks are compared.
            resized.append(pathlib.Path(folder) / f"{index}.png")
            Image.open(file).convert("RGB").resize((size, size)).save(resized[-1])
        mean, std = (torch.tensor(preprocess[key])[:, None, None] for key in ["mean", "std"])
        wanted = scores(model.eval(), prepared(resized, mean, std))
        found = zoo_scores(zoo, run, resized)
        error = ((wanted - found).abs().max() / wanted.abs().max()).item()
        print(f"{run} as {layout}: error {error:.1e}: {'good' if error < 1e-4 else 'WRONG'}")
        return error >= 1e-4


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--full", metavar="ZOO")
    parser.add_argument("--run", nargs="+", metavar="RUN LAYOUT IMAGE")
    parser.add_argument("--zoo", default="target/release/zoo")
    options = parser.parse_args()
    torch.set_num_threads(2)
    if options.full:
        sys.exit(check_full(options.full))
    if options.run:
        sys.exit(check_run(options.zoo, options.run[0], options.run[1], options.run[2:]))
    write_small()
