#!/usr/bin/env python3
"""Times zoo and PyTorch in turn on this machine, and writes the machine's section of docs/benchmarks.md.

    scripts/bench.py [--rounds 3] [--steps 20] [--threads 2] [--precision f32 bf16] [--modes eager channels-last compile]

Each round runs zoo and then each of PyTorch's modes, case by case and each in its own process, so that
both sides meet the same state of the machine. The median over the rounds counts. Both sides use the
same weights and batches, which zoo writes to target/bench. With `--precision bf16`, zoo's mixed
precision stands beside PyTorch's autocast. If PyTorch, torchvision and timm are missing, the script installs them into the virtual environment. Run nothing else meanwhile. The
sections of other machines, and the notes at the end of this machine's section, stay as they are.
"""

import argparse
import datetime
import itertools
import json
import pathlib
import platform
import statistics
import subprocess
import sys
import venv

ROOT = pathlib.Path(__file__).resolve().parent.parent
PACKAGES = ["torch==2.9.0", "torchvision==0.24.0", "timm==1.0.31"]
PAGE = ROOT / "docs" / "benchmarks.md"
DUMP = ROOT / "target" / "bench"
HEAD = """# Benchmarks

The tables show images per second at the median step, as the median over the rounds. zoo and PyTorch
run in turn with the same weights and batches: they cycle through four batches, and the first three
steps are not counted. The ratio divides by the fastest of PyTorch's modes in the same precision, and
MB are the peak of the process, PyTorch's the least of its modes, or in older sections that of the faster
of eager and channels-last. `scripts/bench.py` writes the section of the machine that it runs on.
"""
NOTES = "### Notes\n"
CASES = ["cnn-32", "alexnet-224", "resnet-20-32", "resnet-18-224", "resnet-50-224", "vit-tiny-16-224", "vit-192x6-32",
         "dinov2-small-14-224"]
MODES = ["eager", "channels-last", "compile"]


def run(*command):
    return subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout


def python_with_torch(folder):
    python = folder / "bin" / "python"
    if not python.exists():
        venv.create(folder, with_pip=True)
        run(python, "-m", "pip", "install", "--quiet", *PACKAGES)
    return python


def measure(args, python):
    """Rows by (precision, case, what, side), each a list with one entry per round."""
    rows = {}
    common = ["--steps", str(args.steps), "--threads", str(args.threads)]
    for round_number in range(args.rounds):
        for case in CASES:
            print(f"round {round_number + 1} of {args.rounds}: {case}", file=sys.stderr)
            if round_number == 0:
                run("target/release/zoo", "bench", case, "--what", "infer", "--steps", "1", "-q", "--dump", DUMP)
            for precision, what in itertools.product(args.precision, ["train", "infer"]):
                asked = ["--what", what, "--precision", precision, *common]
                zoo = run("target/release/zoo", "bench", case, "--json", "-q", *asked)
                rows.setdefault((precision, case, what, "zoo"), []).append(json.loads(zoo)[0])
                for mode in args.modes:
                    script = ["scripts/bench_pytorch.py", case, "--mode", mode, "--dump", DUMP]
                    try:
                        printed = run(python, *script, *asked)
                    except subprocess.CalledProcessError as error:
                        print(f"{case} {what} {precision} {mode}: {error.stderr[-500:]}", file=sys.stderr)
                        continue
                    found = rows.setdefault((precision, case, what, mode), [])
                    found.append(json.loads(printed.splitlines()[-1]))
    return rows


def speeds(rows, precision):
    """The table of speeds in one precision."""
    def median(case, what, side, key="images_per_second"):
        found = [row[key] for row in rows.get((precision, case, what, side), []) if row[key]]
        return statistics.median(found) if found else None

    def cell(value, form):
        return form.format(value) if value else "-"

    lines = [
        "| case | what | batch | zoo | PyTorch eager | channels-last | compiled | zoo ÷ PyTorch | MB zoo | MB PyTorch |",
        "| --- | --- | --- | --- | --- | --- | --- | --- | --- | --- |",
    ]
    for case, what in itertools.product(CASES, ["train", "infer"]):
        found = {side: median(case, what, side) for side in ["zoo", *MODES]}
        fastest = max((found[mode] or 0 for mode in MODES), default=0)
        memory = {side: median(case, what, side, "peak_memory_bytes") for side in ["zoo", *MODES]}
        least = min((memory[mode] for mode in MODES if memory[mode]), default=None)
        cells = [case, what, str(rows[(precision, case, what, "zoo")][0]["batch"])]
        cells += [cell(found[side], "{:.1f}") for side in ["zoo", *MODES]]
        cells += [cell(fastest and found["zoo"] / fastest, "{:.2f}")]
        cells += [cell(bytes and bytes / 1e6, "{:.0f}") for bytes in [memory["zoo"], least]]
        lines.append("| " + " | ".join(cells) + " |")
    return lines


def split(rows, precision):
    """The table of the parts of zoo's training step in one precision."""
    lines = [
        "| case | forward ms | backward ms | update ms | GFLOP/s | of the matrix product |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for case in CASES:
        row = rows[(precision, case, "train", "zoo")][-1]
        split = row["split_ms"]
        lines.append(
            f"| {case} | {split['forward']:.1f} | {split['backward']:.1f} | {split['optimizer']:.1f} "
            f"| {row['flops_per_second'] / 1e9:.0f} | {100 * row['peak_share']:.0f} % |")
    return lines


def section(args, rows, notes):
    """The section of this machine."""
    command = f"--rounds {args.rounds} --steps {args.steps} --threads {args.threads}"
    command += f" --precision {' '.join(args.precision)} --modes {' '.join(args.modes)}"
    lines = [
        f"## {machine_of(rows)}",
        "",
        f"{platform.system()} {platform.machine()}, {datetime.date.today()}, against {', '.join(PACKAGES)}; `scripts/bench.py {command}`.",
    ]
    for precision in args.precision:
        differences = [row["logits_difference"] for (used, _, _, side), found in rows.items()
                       if used == precision and side != "zoo" for row in found]
        lines += ["", f"In {precision}. PyTorch's logits are within {max(differences):.1e} of zoo's in f32, relative to the largest.", ""]
        lines += speeds(rows, precision)
        lines += ["", f"Where zoo spends the time of a training step in {precision}:", "", *split(rows, precision)]
    lines += ["", "Operations are counted from the definition of convolution. Winograd's method needs fewer, so the share can exceed 100 %."]
    return "\n".join(lines) + "\n" + notes


def machine_of(rows):
    return next(iter(rows.values()))[0]["machine"]


def page(args, rows):
    """The page, with this machine's section first and then those of other machines."""
    old = PAGE.read_text().split("\n## ")[1:] if PAGE.exists() else []
    others = [text.strip() for text in old if text.splitlines()[0] != machine_of(rows)]
    mine = [text for text in old if text.splitlines()[0] == machine_of(rows)]
    notes = "\n" + NOTES + mine[0].split(NOTES)[1] if mine and NOTES in mine[0] else ""
    parts = [HEAD.strip(), section(args, rows, notes).strip(), *["## " + text for text in others]]
    return "\n\n".join(parts) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--precision", nargs="+", choices=["f32", "bf16"], default=["f32"])
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    parser.add_argument("--venv", type=pathlib.Path, default=ROOT / "target" / "bench-venv")
    args = parser.parse_args()
    run("cargo", "build", "--release", "--quiet")
    text = page(args, measure(args, python_with_torch(args.venv)))
    PAGE.write_text(text)
    print(text)


if __name__ == "__main__":
    main()
