#!/usr/bin/env python3
"""Times inference of one of zoo's cases in ONNX Runtime and OpenVINO, and prints a JSON object for each.

    zoo bench cnn-32 --what infer --dump target/bench
    bench_onnx.py cnn-32 --dump target/bench --zoo target/release/zoo --engine onnxruntime openvino --precision f32

Needs onnxruntime, openvino and numpy. The network is the file that `zoo export` writes from the weights that
zoo has dumped; batch norm is folded, as zoo itself does it. The result includes how far the logits of
the first batch are from zoo's. As in `zoo bench`, steps cycle through four batches, and the first three steps are not counted.
ONNX Runtime computes in f32 alone; OpenVINO also in bf16, where the processor has instructions for it.
"""

import argparse
import itertools
import json
import pathlib
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

WARM_UP = 3
BATCHES = 4


def export(zoo, weights):
    """The network in ONNX. zoo writes a config.json beside it, and refuses to where that would be the weights' own."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = pathlib.Path(folder, "weights.safetensors"), pathlib.Path(folder, "net.onnx")
        shutil.copy(weights, source)
        command = [zoo, "export", source, "--format", "onnx", "--raw", "-q", "--out", out]
        # A network without batch norm has none to fold.
        for fold in (["--fold"], []):
            done = subprocess.run([*command, *fold], capture_output=True, text=True)
            if done.returncode == 0:
                return out.read_bytes()
    sys.exit(done.stderr)


def onnxruntime_of(network, threads, precision):
    import onnxruntime

    if precision != "f32":
        raise ValueError("ONNX Runtime computes in f32 on CPUs")
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    return lambda images: session.run(["logits"], {"pixel_values": images})[0], onnxruntime.__version__


def openvino_of(network, threads, precision):
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": precision, "INFERENCE_NUM_THREADS": threads}
    request = core.compile_model(core.read_model(network), "CPU", settings).create_infer_request()
    return lambda images: request.infer([images])["logits"], openvino.__version__.split("-")[0]


ENGINES = {"onnxruntime": onnxruntime_of, "openvino": openvino_of}


def measure(case, folder, engine, precision, network, threads, steps):
    """The figures of one engine, under the names that `zoo bench` uses."""
    side = int(case.rsplit("-", 1)[1])
    images = np.fromfile(folder / "images.f32", np.float32)
    images = images.reshape(BATCHES, -1, 3, side, side)
    batch = images.shape[1]
    logits = np.fromfile(folder / "logits.f32", np.float32).reshape(batch, -1)
    forward, version = ENGINES[engine](network, threads, precision)
    difference = np.abs(forward(images[0]) - logits).max() / np.abs(logits).max()
    times = []
    for number in range(WARM_UP + steps):
        started = time.perf_counter()
        forward(images[number % BATCHES])
        times.append(1e3 * (time.perf_counter() - started))
    times = times[WARM_UP:]
    median = statistics.median(times)
    return {
        "config": case,
        "what": "infer",
        "engine": engine,
        "precision": precision,
        "batch": batch,
        "images_per_second": batch / median * 1e3,
        "logits_difference": float(difference),
        "step_ms": {"median": median, "min": min(times), "max": max(times)},
        "peak_memory_bytes": 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss,
        "version": version,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("case")
    parser.add_argument("--dump", type=pathlib.Path, required=True, help="the folder that zoo bench --dump has written")
    parser.add_argument("--zoo", type=pathlib.Path, required=True, help="the binary that exports the network")
    parser.add_argument("--engine", nargs="+", choices=ENGINES, default=list(ENGINES))
    parser.add_argument("--precision", nargs="+", choices=["f32", "bf16"], default=["f32"])
    parser.add_argument("--steps", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    args = parser.parse_args()
    folder = args.dump / args.case
    network = export(args.zoo, folder / "model.safetensors")
    for engine, precision in itertools.product(args.engine, args.precision):
        row = measure(args.case, folder, engine, precision, network, args.threads, args.steps)
        print(json.dumps(row), flush=True)


if __name__ == "__main__":
    main()
