#!/usr/bin/env python3
"""Writes weights of DINOv2, DeiT and CLIP as timm, Hugging Face's transformers and open_clip have them, with what these libraries compute from them.

Without arguments, writes small networks with random weights, their scores or features, gradients and
resized position embeddings to tests/fixtures/vit, for the tests of the Vision Transformers' layouts.

    scripts/vit_fixtures.py

With --full, builds the networks at their published sizes with random weights; the binary then imports
them and writes the features or scores of 8 images, which must agree to within 1e-4 of the largest. Where
there is an export, the exported tensors must be equal bit for bit, and load with strict=True. Prints the
result; exits with 1 if anything differs.

    scripts/vit_fixtures.py --full target/release/zoo

Needs torch, torchvision, timm, transformers, open_clip_torch, safetensors and Pillow.
"""

import argparse
import functools
import json
import pathlib
import subprocess
import sys
import tempfile

import open_clip
import timm
import torch
import transformers
from pretrained_fixtures import SMALL, contiguous, images_in, measured, pattern, prepared, randomize, zoo_scores
from safetensors.torch import load_file, save_file
from timm.layers import resample_abs_pos_embed
from timm.models.deit import VisionTransformerDistilled
from timm.models.vision_transformer import VisionTransformer, checkpoint_filter_fn
from torch import nn

FIXTURES = pathlib.Path(__file__).parent.parent / "tests/fixtures/vit"
IMAGES = 8
# Gradients of longer tensors are not kept.
LONGEST = 64


def small_timm(kind=VisionTransformer, **settings):
    sizes = dict(
        img_size=SMALL["image"], patch_size=SMALL["patch"], embed_dim=SMALL["width"], depth=SMALL["depth"],
        num_heads=SMALL["heads"], mlp_ratio=SMALL["mlp"] / SMALL["width"],
    )
    return kind(**{**sizes, **settings})


def small_hf():
    return dict(
        hidden_size=SMALL["width"], num_hidden_layers=SMALL["depth"], num_attention_heads=SMALL["heads"],
        patch_size=SMALL["patch"], image_size=SMALL["image"], mlp_ratio=2,
    )


def small_open_clip(quick_gelu):
    vision = dict(
        image_size=SMALL["image"], layers=SMALL["depth"], width=SMALL["width"], head_width=8,
        patch_size=SMALL["patch"], mlp_ratio=2,
    )
    text = dict(context_length=4, vocab_size=10, width=8, heads=2, layers=1)
    config = dict(embed_dim=8, vision_cfg=vision, text_cfg=text, quick_gelu=quick_gelu)
    return open_clip.CLIP(**config), config


def output(model, images):
    """Scores, or the features that a network without a head gives."""
    found = model(images)
    for name in ["logits", "image_embeds", "pooler_output"]:
        if getattr(found, name, None) is not None:
            return getattr(found, name)
    return found


def hub_names(state):
    """The names of DINOv2's own repository for a network of transformers."""
    swaps = [
        ("embeddings.patch_embeddings.projection", "patch_embed.proj"), ("embeddings.cls_token", "cls_token"),
        ("embeddings.mask_token", "mask_token"), ("embeddings.register_tokens", "register_tokens"),
        ("embeddings.position_embeddings", "pos_embed"), ("encoder.layer.", "blocks."),
        ("attention.o_proj", "attn.proj"), ("layer_scale1.lambda1", "ls1.gamma"),
        ("layer_scale2.lambda1", "ls2.gamma"), ("layernorm", "norm"),
    ]
    named = {}
    for name, tensor in state.items():
        for theirs, hubs in swaps:
            name = name.replace(theirs, hubs)
        named[name] = tensor
    for block in range(sum(name.endswith("norm1.weight") for name in named)):
        for part in ["weight", "bias"]:
            parts = [named.pop(f"blocks.{block}.attention.{key}_proj.{part}") for key in "qkv"]
            named[f"blocks.{block}.attn.qkv.{part}"] = torch.cat(parts)
    return named


def small_models():
    """Name, network, and what is written: tensors, or None where the library writes its own folder."""
    hf = small_hf()
    norm = functools.partial(nn.LayerNorm, eps=1e-5)
    dinov2 = transformers.Dinov2Model(transformers.Dinov2Config(**hf))
    registers = transformers.Dinov2WithRegistersModel(transformers.Dinov2WithRegistersConfig(**hf))
    clip = small_timm(
        pre_norm=True, norm_layer=norm, act_layer="quick_gelu", num_classes=8
    )
    for name, model, names in [
        ("hub-dinov2", dinov2, hub_names),
        ("hub-dinov2-registers", registers, hub_names),
        ("timm-dinov2", small_timm(init_values=1e-5, num_classes=0), dict),
        ("timm-dinov2-registers", small_timm(init_values=1e-5, num_classes=0, reg_tokens=4, no_embed_class=True), dict),
        ("timm-deit3", small_timm(init_values=1e-5, num_classes=3, no_embed_class=True), dict),
        ("timm-deit-distilled", small_timm(VisionTransformerDistilled, num_classes=3), dict),
        ("timm-mae", small_timm(num_classes=0), lambda state: {**state, "mask_token": torch.zeros(1, 1, 16), "decoder_embed.weight": torch.zeros(8, 16)}),
        ("timm-clip", clip, dict),
        ("hf-dinov2", transformers.Dinov2ForImageClassification(transformers.Dinov2Config(num_labels=3, **hf)), None),
        ("hf-dinov2-registers", transformers.Dinov2WithRegistersModel(transformers.Dinov2WithRegistersConfig(**hf)), None),
        ("hf-dinov2-swiglu", transformers.Dinov2Model(transformers.Dinov2Config(use_swiglu_ffn=True, **hf)), None),
        ("hf-clip", transformers.CLIPVisionModelWithProjection(transformers.CLIPVisionConfig(
            hidden_size=16, intermediate_size=32, num_hidden_layers=2, num_attention_heads=2, image_size=16,
            patch_size=4, projection_dim=8,
        )), None),
    ]:
        yield name, model, names


def settle(name, model, seed):
    """Random weights; the bias of CLIP's projection, which timm calls a head, is none."""
    randomize(model, seed)
    if name == "timm-clip":
        model.head.bias.data.zero_()
    return model


def gradients(model, images):
    """Of the mean square of what the network gives, those of short tensors."""
    model.zero_grad()
    (output(model, images) ** 2).mean().backward()
    named = {}
    for name, parameter in model.named_parameters():
        if parameter.grad is not None and parameter.numel() <= LONGEST:
            named[name] = parameter.grad.flatten().tolist()
    return named


def write_small():
    FIXTURES.mkdir(parents=True, exist_ok=True)
    images = pattern(IMAGES, SMALL["image"])
    expected = {"outputs": {}, "gradients": {}}
    for seed, (name, model, names) in enumerate(small_models(), start=10):
        settle(name, model, seed)
        with torch.no_grad():
            expected["outputs"][name] = output(model, images).tolist()
        if name.startswith("timm"):
            expected["gradients"][name] = gradients(model, images)
        if names is None:
            model.save_pretrained(FIXTURES / name)
        else:
            save_file(contiguous(names(model.state_dict())), FIXTURES / f"{name}.safetensors")
    for quick_gelu, name in [(True, "open-clip-quick"), (False, "open-clip")]:
        model, config = small_open_clip(quick_gelu)
        randomize(model, 30)
        folder = FIXTURES / name
        folder.mkdir(exist_ok=True)
        save_file(contiguous(model.state_dict()), folder / "open_clip_model.safetensors")
        preprocess = dict(mean=[0.1, 0.2, 0.3], std=[0.4, 0.5, 0.6], resize_mode="squash")
        (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": preprocess}))
        with torch.no_grad():
            expected["outputs"][name] = model.visual(images).tolist()
        if quick_gelu:
            model.zero_grad()
            (model.visual(images) ** 2).mean().backward()
            expected["gradients"][name] = {
                f"visual.{key}": parameter.grad.flatten().tolist()
                for key, parameter in model.visual.named_parameters() if parameter.numel() <= LONGEST
            }
    expected["positions"] = {
        f"{side} to {new}": shifted(side, new) for side, new in [(4, 6), (37, 16), (16, 37)]
    }
    text = json.dumps(expected)
    (FIXTURES / "expected.json").write_text(text)


def shifted(side, new):
    """As in DINOv2's DinoVisionTransformer.interpolate_pos_encoding, with its offset of 0.1."""
    square = pattern(1, side)[:, :1].reshape(1, 1, side, side)
    scale = (new + 0.1) / side
    resized = nn.functional.interpolate(square, scale_factor=(scale, scale), mode="bicubic", antialias=False)
    assert resized.shape[-1] == new
    return resized.flatten().tolist()


def full_models():
    """Name, layout, network, how it is written, and whether it can be exported again."""
    for name in [
        "vit_small_patch14_dinov2", "vit_small_patch14_reg4_dinov2", "deit3_small_patch16_224",
        "deit_tiny_distilled_patch16_224", "vit_small_patch16_224", "vit_base_patch16_clip_quickgelu_224",
    ]:
        settings = {"num_classes": 0} if "dino" in name or name.startswith("vit_small_patch16") else {}
        settings |= {"num_classes": 512} if "clip" in name else {}
        yield name, "timm", timm.create_model(name, **settings)
    hf = dict(hidden_size=384, num_attention_heads=6, patch_size=14, image_size=518)
    yield "Dinov2Model", "hf", transformers.Dinov2Model(transformers.Dinov2Config(**hf))
    yield "Dinov2Model by the hub's names", "dinov2", transformers.Dinov2Model(transformers.Dinov2Config(**hf))
    yield "Dinov2WithRegistersModel", "hf", transformers.Dinov2WithRegistersModel(transformers.Dinov2WithRegistersConfig(**hf))
    yield "CLIPVisionModelWithProjection", "hf", transformers.CLIPVisionModelWithProjection(
        transformers.CLIPVisionConfig(patch_size=16, projection_dim=512))
    yield "ViT-B-16, both towers", "open_clip", open_clip.create_model("ViT-B-16")


def write(model, name, layout, folder):
    """Writes a network as its library does, and returns the file to import."""
    if layout == "hf":
        model.save_pretrained(folder)
        return folder / "model.safetensors"
    if layout == "open_clip":
        save_file(contiguous(model.state_dict()), folder / "open_clip_model.safetensors")
        config = open_clip.get_model_config("ViT-B-16")
        (folder / "open_clip_config.json").write_text(json.dumps({"model_cfg": config, "preprocess_cfg": {}}))
        return folder / "open_clip_model.safetensors"
    state = hub_names(model.state_dict()) if layout == "dinov2" else model.state_dict()
    if layout == "timm":
        cfg = {"architecture": name, "pretrained_cfg": {"input_size": model.pretrained_cfg["input_size"]}}
        (folder / "config.json").write_text(json.dumps(cfg))
    save_file(contiguous(state), folder / "model.safetensors")
    return folder / "model.safetensors"


def reference(model, name, layout, images):
    """What the library makes of images of 224 pixels."""
    if layout == "open_clip":
        return model.visual(images)
    if layout == "dinov2":
        square = model.embeddings.position_embeddings.data
        patches = square[:, 1:].reshape(1, 37, 37, -1).permute(0, 3, 1, 2)
        scale = 16.1 / 37
        patches = nn.functional.interpolate(patches, scale_factor=(scale, scale), mode="bicubic")
        model.embeddings.position_embeddings.data = torch.cat([square[:, :1], patches.flatten(2).transpose(1, 2)], 1)
        return output(model, images)
    if layout == "timm" and model.patch_embed.img_size != (224, 224):
        small = timm.create_model(name, num_classes=0, img_size=224).eval()
        small.load_state_dict(checkpoint_filter_fn(model.state_dict(), small), strict=True)
        return small(images)
    return output(model, images)


def found(zoo, weights, files, folder, scores):
    if scores:
        return zoo_scores(zoo, weights, files)
    out = folder / "features.safetensors"
    subprocess.run([zoo, "features", weights, *files, "--out", out, "-q"], check=True)
    return load_file(out)["features"]


def kept(state, layout):
    """Those of a network's tensors that an export holds, by the names that it gives."""
    if layout == "open_clip":
        return {name: tensor for name, tensor in state.items() if name.startswith("visual.")}
    return hub_names(state) if layout == "dinov2" else state


def returned(model, layout, weights):
    """The tensors of an export, once the library has taken all of them, and lacks none."""
    tensors = load_file(weights)
    if layout == "hf":
        again, info = type(model).from_pretrained(weights.parent, output_loading_info=True)
        assert not info["missing_keys"] and not info["unexpected_keys"], info
        return again.state_dict()
    if layout == "open_clip":
        model.visual.load_state_dict(tensors, strict=True)
        return {f"visual.{name}": tensor for name, tensor in tensors.items()}
    if layout == "timm":
        model.load_state_dict(tensors, strict=True)
    return tensors


def is_equal(wanted, found):
    """Bit for bit, but for the mask token, which an export fills with zeros."""
    return wanted.keys() == found.keys() and all(
        torch.equal(tensor, found[name]) for name, tensor in wanted.items() if "mask_token" not in name
    )


def check_full(zoo):
    failed = False
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        folder = pathlib.Path(folder)
        files = images_in(folder)
        images = prepared(files)
        for number, (name, layout, model) in enumerate(full_models()):
            randomize(model, 6)
            if "clip" in name:
                model.head.bias.data.zero_()
            theirs, ours = folder / str(number), folder / "ours.safetensors"
            theirs.mkdir()
            source = write(model, name, layout, theirs)
            state = {key: tensor.clone() for key, tensor in contiguous(model.state_dict()).items()}
            figures = ["--mean", "0.5,0.5,0.5", "--std", "0.5,0.5,0.5", "--resize", "none", "--image-size", "224"]
            seconds, memory = measured([zoo, "import", source, "--out", ours, "-q", *figures])
            wanted = reference(model, name, layout, images)
            got = found(zoo, ours, files, folder, "deit" in name)
            error = ((wanted - got).abs().max() / wanted.abs().max()).item()
            exported = "not exported"
            good = error < 1e-4 and wanted.shape == got.shape
            if "distilled" not in name:
                # At its own size, so that no position is resized.
                whole, back = folder / "whole.safetensors", folder / f"{number}-back" / "model.safetensors"
                back.parent.mkdir()
                own_size = ["--image-size", "518"] if layout in ("dinov2", "hf") and "CLIP" not in name else []
                quiet = dict(check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
                subprocess.run([zoo, "import", source, "--out", whole, "-q", *own_size], **quiet)
                subprocess.run([zoo, "export", whole, "--layout", layout, "--out", back], **quiet)
                equal = is_equal(kept(state, layout), returned(model, layout, back))
                exported = "bit-equal back" if equal else "DIFFERENT BACK"
                good &= equal
            failed |= not good
            size = source.stat().st_size
            print(
                f"{name:36} {layout:9} error {error:.1e}, {exported}, import {seconds:.2f} s, "
                f"{memory / size:.2f} x {size / 1e6:.0f} MB: {'good' if good else 'WRONG'}",
                flush=True,
            )
    return failed


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--full", metavar="ZOO")
    options = parser.parse_args()
    torch.set_num_threads(2)
    if options.full:
        sys.exit(check_full(options.full))
    write_small()
