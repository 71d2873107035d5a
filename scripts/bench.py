#!/usr/bin/env python3
"""Times zoo, PyTorch and, for inference, ONNX Runtime and OpenVINO in turn on this machine, and writes the
machine's section of docs/benchmarks.md.

    scripts/bench.py [--rounds 3] [--steps 20] [--threads 2] [--precision f32 bf16] [--cases cnn-32 ...]
                     [--modes eager channels-last compile] [--engines onnxruntime openvino] [--heading "AMD EPYC (Zen 5), 2 threads"]

Each round runs zoo, each of PyTorch's modes and each engine, case by case and each in its own process, so
that all meet the same state of the machine. The median over the rounds counts. All use the same weights
and batches, which zoo writes to target/bench. In bf16, zoo's mixed precision stands beside PyTorch's autocast
and OpenVINO's; ONNX Runtime has none. What a side cannot run is a dash, with its message on the terminal. If
PyTorch and the others are missing, the script installs them into the virtual environment. The
environment variable ZOO names a binary to time; without it, the script builds one. Run nothing else
meanwhile. The sections of other machines, and the notes at the end of this machine's section, stay as they are.
"""

import argparse
import datetime
import itertools
import json
import os
import pathlib
import platform
import statistics
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ["torch==2.9.0", "torchvision==0.24.0", "timm==1.0.31", "onnxruntime==1.32.0", "openvino==2026.4.1"]
PAGE = ROOT / "docs" / "benchmarks.md"
DUMP = ROOT / "target" / "bench"
HEAD = """# Benchmarks

The tables show images per second at the median step, as the median over the rounds. zoo, PyTorch
and the engines for inference run in turn with the same weights and batches: they cycle through four
batches, and the first three steps are not counted. The ratio divides by the fastest of the others in
the same precision, in older sections of PyTorch's modes alone. MB are the peak of the process, PyTorch's
the least of its modes, or in older sections that of the faster of eager and channels-last. `scripts/bench.py`
writes the section of the machine that it runs on.
"""
NOTES = "### Notes\n"
CASES = ["cnn-32", "alexnet-224", "resnet-20-32", "resnet-18-224", "resnet-50-224", "vit-tiny-16-224", "vit-192x6-32",
         "dinov2-small-14-224"]
MODES = ["eager", "channels-last", "compile"]
ENGINES = ["onnxruntime", "openvino"]
SIDES = ["zoo", *MODES, *ENGINES]


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def python_with_torch(folder):
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        run(python, "-m", "pip", "install", "--quiet", *PACKAGES)
    return python


def measure(args, zoo, python):
    """Rows by (precision, case, what, side), each a list with one entry per round."""
    rows = {}
    for round_number, case in itertools.product(range(args.rounds), args.cases):
        print(f"round {round_number + 1} of {args.rounds}: {case}", file=sys.stderr)
        if round_number == 0:
            run(zoo, "bench", case, "--what", "infer", "--steps", "1", "-q", "--dump", DUMP)
        for precision, what in itertools.product(args.precision, ["train", "infer"]):
            for side, command in commands(args, zoo, python, (precision, case, what)):
                try:
                    printed = run(*command, "--steps", str(args.steps), "--threads", str(args.threads))
                except subprocess.CalledProcessError as error:
                    if side == "zoo":
                        sys.exit(error.stderr)
                    print(f"{case} {what} {precision} {side}: {error.stderr[-500:]}", file=sys.stderr)
                    continue
                row = json.loads(printed)[0] if side == "zoo" else json.loads(printed.splitlines()[-1])
                rows.setdefault((precision, case, what, side), []).append(row)
    return rows


def commands(args, zoo, python, asked):
    """The sides that can do what is asked, and how each is started."""
    precision, case, what = asked
    yield "zoo", [zoo, "bench", case, "--json", "-q", "--what", what, "--precision", precision]
    for mode in args.modes:
        yield mode, [python, "scripts/bench_pytorch.py", case, "--mode", mode, "--dump", DUMP, "--what", what, "--precision", precision]
    for engine in args.engines:
        if what == "infer" and (engine, precision) != ("onnxruntime", "bf16"):
            yield engine, [python, "scripts/bench_onnx.py", case, "--engine", engine, "--dump", DUMP, "--zoo", zoo, "--precision", precision]


def speeds(args, rows, precision):
    """The table of speeds in one precision."""
    def median(case, what, side, key="images_per_second"):
        found = [row[key] for row in rows.get((precision, case, what, side), []) if row[key]]
        return statistics.median(found) if found else None

    def cell(value, form):
        return form.format(value) if value else "-"

    lines = [
        "| case | what | batch | zoo | PyTorch eager | channels-last | compiled | ONNX Runtime | OpenVINO | zoo ÷ PyTorch | ÷ all | MB zoo "
        "| MB PyTorch |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for case, what in itertools.product(args.cases, ["train", "infer"]):
        found = {side: median(case, what, side) for side in SIDES}
        fastest = [max((found[side] or 0 for side in sides), default=0) for sides in [MODES, MODES + ENGINES]]
        memory = {side: median(case, what, side, "peak_memory_bytes") for side in ["zoo", *MODES]}
        least = min((memory[mode] for mode in MODES if memory[mode]), default=None)
        cells = [case, what, str(rows[(precision, case, what, "zoo")][0]["batch"])]
        cells += [cell(found[side], "{:.1f}") for side in SIDES]
        cells += [cell(other and found["zoo"] / other, "{:.2f}") for other in fastest]
        cells += [cell(bytes and bytes / 1e6, "{:.0f}") for bytes in [memory["zoo"], least]]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def split(args, rows, precision):
    """The table of the parts of zoo's training step in one precision."""
    lines = [
        "| case | forward ms | backward ms | update ms | GFLOP/s | of the matrix product |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for case in args.cases:
        row = rows[(precision, case, "train", "zoo")][-1]
        split = row["split_ms"]
        lines.append(
            f"| {case} | {split['forward']:.1f} | {split['backward']:.1f} | {split['optimizer']:.1f} "
            f"| {row['flops_per_second'] / 1e9:.0f} | {100 * row['peak_share']:.0f} % |")
    return lines


def differences(rows, precision):
    """How far the logits of the others are from zoo's, in words."""
    names = {"PyTorch": MODES, "ONNX Runtime": ["onnxruntime"], "OpenVINO": ["openvino"]}
    told = []
    for name, sides in names.items():
        found = [row["logits_difference"] for (used, _, _, side), rows in rows.items()
                 if used == precision and side in sides for row in rows]
        if found:
            told.append(f"{name}'s logits are within {max(found):.1e} of zoo's in f32")
    return "; ".join(told) + ", relative to the largest." if told else ""


def section(args, rows, notes):
    """The section of this machine."""
    command = f"--rounds {args.rounds} --steps {args.steps} --threads {args.threads}"
    command += f" --precision {' '.join(args.precision)} --modes {' '.join(args.modes)}"
    command += f" --engines {' '.join(args.engines)} --cases {' '.join(args.cases)}"
    lines = [
        f"## {heading(args, rows)}",
        "",
        f"{platform.system()} {platform.machine()}, {datetime.date.today()}, against {versions(rows)}; `scripts/bench.py {command}`.",
    ]
    for precision in args.precision:
        lines += ["", f"In {precision}. {differences(rows, precision)}", "", *speeds(args, rows, precision)]
        lines += ["", f"Where zoo spends the time of a training step in {precision}:", "", *split(args, rows, precision)]
    lines += ["", "Operations are counted from the definition of convolution. Winograd's method needs fewer, so the share can exceed 100 %."]
    return "\n".join(lines) + "\n" + notes


def heading(args, rows):
    return args.heading or next(iter(rows.values()))[0]["machine"]


def versions(rows):
    names = {"eager": "torch", "channels-last": "torch", "compile": "torch", "onnxruntime": "onnxruntime", "openvino": "openvino"}
    return ", ".join(sorted({f"{names[side]} {row['version']}" for (*_, side), found in rows.items()
                             if side != "zoo" for row in found}))


def page(args, rows):
    """The page, with this machine's section first and then those of other machines."""
    old = PAGE.read_text().split("\n## ")[1:] if PAGE.exists() else []
    others = [text.strip() for text in old if text.splitlines()[0] != heading(args, rows)]
    mine = [text for text in old if text.splitlines()[0] == heading(args, rows)]
    notes = "\n" + NOTES + mine[0].split(NOTES)[1] if mine and NOTES in mine[0] else ""
    parts = [HEAD.strip(), section(args, rows, notes).strip(), *["## " + text for text in others]]
    return "\n\n".join(parts) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", nargs="+", choices=["f32", "bf16"], default=["f32"])
    parser.add_argument("--cases", nargs="+", choices=CASES, default=CASES)
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--engines", nargs="*", choices=ENGINES, default=ENGINES)
    parser.add_argument("--heading", help="the title of the section, instead of what zoo calls the machine")
    parser.add_argument("--venv", type=pathlib.Path, default=ROOT / "target" / "bench-venv")
    args = parser.parse_args()
    zoo = os.environ.get("ZOO")
    if zoo is None:
        run("cargo", "build", "--release", "--quiet")
        zoo = "target/release/zoo"
    text = page(args, measure(args, zoo, python_with_torch(args.venv)))
    PAGE.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
