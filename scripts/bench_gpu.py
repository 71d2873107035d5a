#!/usr/bin/env python3
"""Times zoo and PyTorch in turn on this machine's NVIDIA GPU, and prints a table for docs/benchmarks.md.

    scripts/bench_gpu.py [--backends cuda vulkan] [--steps 20] [--limit 900]

Needs PyTorch, torchvision and timm, and a zoo with these backends: `cargo build --release --features
cuda,vulkan`, or the binary that the environment variable ZOO names. Both sides use the same weights
and batches. If a command fails, or takes longer than the limit in seconds, its cells stay empty; zoo
compiles and times kernels for minutes before its first step. All figures are appended to
target/bench-gpu/rows.jsonl as they arrive.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
OUT = ROOT / "target" / "bench-gpu"
# Images per step that fill the card.
CASES = {
    "cnn-32": 2048,
    "alexnet-224": 256,
    "resnet-50-224": 256,
    "vit-tiny-16-224": 256,
    "vit-192x6-32": 1024,
    "vit-base-16-224": 256,
}
# Not a built-in case, because a CPU would take minutes for it.
VIT_BASE = {
    "data": {"sea": {"train": 1024, "valid": 10, "test": 10, "preprocess": {"image_size": 224}}},
    "model": {"vit": {"preset": "base-16"}},
    "optimizer": {"sgd": {"learning_rate": 0.001, "momentum": 0.9}},
}
# PyTorch's mode and precision.
WAYS = [("eager", "f32"), ("eager", "tf32"), ("compile", "tf32")]


def run(args, *command):
    """The output of a command, or nothing if it failed."""
    print("==", *command, file=sys.stderr, flush=True)
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=args.limit)
    except subprocess.TimeoutExpired:
        print(f"took more than {args.limit} s", file=sys.stderr)
        return ""
    if done.returncode != 0:
        print(done.stderr[-2000:], file=sys.stderr)
    return done.stdout


def zoo(args, case, backend):
    zoo = os.environ.get("ZOO", "target/release/zoo")
    name = case
    if case == "vit-base-16-224":
        name = str(OUT / f"{case}.json")
        pathlib.Path(name).write_text(json.dumps(VIT_BASE))
    dump = ["--dump", OUT] if backend == args.backends[0] else []
    printed = run(args, zoo, "bench", name, "--backend", backend, "--batch", str(CASES[case]),
                  "--what", "infer,train", "--steps", str(args.steps), "--json", *dump)
    return {(case, row["what"], backend): row for row in json.loads(printed or "[]")}


def pytorch(args, case, mode, *precisions):
    printed = run(args, sys.executable, "scripts/bench_pytorch.py", case, "--dump", OUT, "--device", args.device,
                  "--batch", str(CASES[case]), "--steps", str(args.steps), "--what", "infer", "train",
                  "--mode", mode, "--precision", *precisions)
    rows = [json.loads(line) for line in printed.splitlines()]
    return {(case, row["what"], (row["mode"], row["precision"])): row for row in rows}


def measure(args):
    rows = {}

    def add(new):
        rows.update(new)
        with open(OUT / "rows.jsonl", "a") as file:
            file.writelines(json.dumps([str(key), row]) + "\n" for key, row in new.items())

    for case in args.cases:
        add(zoo(args, case, args.backends[0]))
        add(pytorch(args, case, "eager", "f32", "tf32"))
    for backend in args.backends[1:]:
        for case in args.cases:
            add(zoo(args, case, backend))
    if not args.no_compile:
        for case in args.cases:
            add(pytorch(args, case, "compile", "tf32"))
    return rows


def table(args, rows):
    def cell(case, what, side):
        row = rows.get((case, what, side))
        return f"{row['images_per_second']:.0f}" if row else "-"

    sides = [*args.backends, *WAYS]
    names = [*args.backends, *(f"PyTorch {mode}, {precision}" for mode, precision in WAYS)]
    lines = ["| " + " | ".join(["case", "what", "batch", *names]) + " |", "| --- " * (3 + len(names)) + "|"]
    for case in args.cases:
        for what in ["train", "infer"]:
            cells = [case, what, str(CASES[case]), *(cell(case, what, side) for side in sides)]
            lines.append("| " + " | ".join(cells) + " |")
    found = [row for row in rows.values() if "logits_difference" in row]
    if found:
        lines += ["", f"{found[0]['machine']}, torch {found[0]['version']}. Largest difference of the logits, of the largest logit: "
                  + ", ".join(f"{row['config']} {row['precision']} {row['logits_difference']:.1e}" for row in found if row["what"] == "infer")]
    return "\n".join(lines)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--backends", nargs="+", default=["cuda", "vulkan"])
    parser.add_argument("--device", default="cuda", help="PyTorch's device")
    parser.add_argument("--cases", nargs="+", choices=CASES, default=list(CASES))
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--limit", type=float, default=900, help="time limit per command in seconds")
    parser.add_argument("--no-compile", action="store_true", help="skip PyTorch's compiled mode, which takes minutes")
    args = parser.parse_args()
    OUT.mkdir(parents=True, exist_ok=True)
    print(table(args, measure(args)))


if __name__ == "__main__":
    main()
