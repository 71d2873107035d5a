#!/usr/bin/env python3
"""Times inference here and of the exported files in ONNX Runtime and OpenVINO, in turn, and prints a table.

    python3 -m venv VENV
    VENV/bin/pip install onnxruntime==1.32.0 openvino==2026.4.1 numpy
    VENV/bin/python scripts/onnx_bench.py target/release/zoo [--rounds 3] [--steps 20] [--threads 2]

All run the same weights on the same batches, in f32: they cycle through four batches, and the first three
steps are not counted. The figure is images per second at the median step, as the median over the
rounds. Run nothing else meanwhile. The table belongs under the notes of the machine in docs/benchmarks.md.
"""

import argparse
import json
import pathlib
import shutil
import statistics
import subprocess
import tempfile
import time

import numpy as np
import onnxruntime
import openvino

CASES = ["cnn-32", "alexnet-224", "vit-tiny-16-224", "vit-192x6-32"]
WARM_UP = 3


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def onnxruntime_of(file, threads):
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(file), options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(["logits"], {"pixel_values": images})[0]


def openvino_of(file, threads):
    settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": threads}
    request = openvino.Core().compile_model(str(file), "CPU", settings).create_infer_request()
    return lambda images: request.infer([images])["logits"]


def timed(network, batches, steps):
    seconds = []
    for step in range(WARM_UP + steps):
        start = time.perf_counter()
        network(batches[step % len(batches)])
        seconds.append(time.perf_counter() - start)
    return len(batches[0]) / statistics.median(seconds[WARM_UP:])


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("zoo", type=pathlib.Path)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    runtimes = {"onnxruntime": onnxruntime_of, "openvino": openvino_of}
    speeds, batch_of, worst, machine = {}, {}, 0.0, ""
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for case in CASES:
            run(args.zoo, "bench", case, "--what", "infer", "--steps", "1", "-q", "--dump", folder)
            file = folder / case / "net.onnx"
            weights = folder / case / "model.safetensors"
            shutil.move(weights, folder / "weights.safetensors")
            fold = ["--fold"] if case == "cnn-32" else []
            run(args.zoo, "export", folder / "weights.safetensors", "--format", "onnx", "--raw", *fold, "--out", file, "-q")
            for _ in range(args.rounds):
                row = json.loads(run(args.zoo, "bench", case, "--what", "infer", "--json", "-q",
                                     "--steps", args.steps, "--threads", args.threads))[0]
                machine, batch_of[case] = row["machine"], row["batch"]
                speeds.setdefault((case, "zoo"), []).append(row["images_per_second"])
                side = int(case.rsplit("-", 1)[1])
                images = np.fromfile(folder / case / "images.f32", np.float32).reshape(-1, row["batch"], 3, side, side)
                logits = np.fromfile(folder / case / "logits.f32", np.float32).reshape(row["batch"], -1)
                for name, make in runtimes.items():
                    network = make(file, args.threads)
                    worst = max(worst, float(np.abs(network(images[0]) - logits).max()))
                    speeds.setdefault((case, name), []).append(timed(network, images, args.steps))
    print(f"### ONNX, {machine}\n")
    print(f"Inference in f32 with {args.threads} threads, onnxruntime {onnxruntime.__version__}, openvino "
          f"{openvino.__version__.split('-')[0]}; `scripts/onnx_bench.py --rounds {args.rounds} --steps {args.steps}`. "
          f"The logits agree to within {worst:.1e}.\n")
    print("| case | batch | zoo | ONNX Runtime | OpenVINO | zoo ÷ the faster |\n| --- | --- | --- | --- | --- | --- |")
    for case in CASES:
        zoo, *others = (statistics.median(speeds[case, side]) for side in ["zoo", *runtimes])
        print(f"| {case} | {batch_of[case]} | {zoo:.1f} | {others[0]:.1f} | {others[1]:.1f} | {zoo / max(others):.2f} |")


if __name__ == "__main__":
    main()
