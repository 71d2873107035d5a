"""Triton's client."""

import json
import pathlib
import re
import subprocess
import sys
import tempfile

import numpy as np
from PIL import Image

from .server import SEED, Server, check, png


def conform(args):
    import tritonclient.http as triton
    from tritonclient.utils import InferenceServerException

    server = Server(args.zoo, args.runs)
    client = triton.InferenceServerClient(f"{server.host}:{server.port}")
    checks = 0
    check(client.is_server_live() and client.is_server_ready(), "live and ready")
    check("binary_tensor_data" in client.get_server_metadata()["extensions"], "extensions")
    random_ = np.random.default_rng(SEED)
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number in range(5):
            path = pathlib.Path(folder) / f"{number}.png"
            path.write_bytes(png(random_.integers(0, 256, (40, 50, 3), dtype=np.uint8)))
            files.append(path)
        for run in args.runs:
            checks += conform_network(triton, client, InferenceServerException, args.zoo, run, files)
    index = client.get_model_repository_index()
    check({entry["name"] for entry in index} == {pathlib.Path(run).name for run in args.runs}, f"index {index}")
    code, said = server.end()
    check(code == 0 and "panicked" not in said, f"end: {code} {said}")
    print(f"conform: {checks} checks of {len(args.runs)} networks hold, by tritonclient")


def conform_network(triton, client, refusal, zoo, run, files):
    name, count = pathlib.Path(run).name, 0
    check(client.is_model_ready(name) and client.is_model_ready(name, "1"), f"{name} is ready")
    metadata = client.get_model_metadata(name, "1")
    [shape] = [entry["shape"] for entry in metadata["inputs"] if entry["name"] == "images"]
    predicted = json.loads(subprocess.check_output([zoo, "predict", run, *files, "--json", "--logits", "--top-k", "1", "-q"]))
    expected = np.array([image["logits"] for image in predicted], dtype=np.float32)
    pixels = np.stack([np.array(Image.open(file)) for file in files])
    encoded = np.array([file.read_bytes() for file in files], dtype=np.object_)
    tensors = [("BYTES", encoded), ("UINT8", pixels)]
    for datatype, array in tensors:
        for binary in (True, False):
            if datatype == "BYTES" and not binary:
                continue  # The client sends BYTES in JSON as text; base64 is checked below.
            given = triton.InferInput("images", list(array.shape), datatype)
            given.set_data_from_numpy(array, binary_data=binary)
            for output_binary in (True, False):
                wanted = [triton.InferRequestedOutput(output, binary_data=output_binary) for output in ("logits", "probabilities")]
                result = client.infer(name, [given], outputs=wanted, request_id="seven")
                check(np.array_equal(result.as_numpy("logits"), expected), f"{name}: {datatype}, binary {binary}: other bits than zoo predict")
                check(result.get_response()["id"] == "seven", "id")
                check(abs(result.as_numpy("probabilities").sum(axis=1) - 1).max() < 1e-5, "probabilities")
                count += 3
    values = np.random.default_rng(SEED).standard_normal((3, *shape[1:])).astype(np.float32)
    results = []
    for binary in (True, False):
        given = triton.InferInput("images", list(values.shape), "FP32")
        given.set_data_from_numpy(values, binary_data=binary)
        results.append(client.infer(name, [given], model_version="1").as_numpy("logits"))
    check(np.array_equal(*results), f"{name}: FP32 by JSON and as binary data")
    best = client.infer(name, [given], outputs=[triton.InferRequestedOutput("logits", class_count=2)]).as_numpy("logits")
    check(best.shape == (3, 2) and all(int(row[0].split(b":")[1]) == logits.argmax() for row, logits in zip(best, results[0])), f"{name}: classification {best}")
    statistics = client.get_inference_statistics(name)["model_stats"][0]
    check(int(statistics["inference_count"]) >= int(statistics["execution_count"]) > 0, f"{name}: {statistics}")
    count += 3

    def refused(message, shape, datatype, array, input_name="images", **options):
        given = triton.InferInput(input_name, list(array.shape), datatype)
        given.set_data_from_numpy(array)
        given._shape = list(shape)
        try:
            client.infer(options.pop("model", name), [given], **options)
        except refusal as error:
            check(re.search(message, error.message()), f"{name}: {error.message()} instead of {message}")
            return 1
        sys.exit(f"FAILED: {name}: {message}: not refused")

    count += refused("unknown network `nobody`", values.shape, "FP32", values, model="nobody")
    count += refused("unknown version `2`", values.shape, "FP32", values, model_version="2")
    count += refused("unknown input `image`: expected `images`", values.shape, "FP32", values, input_name="image")
    count += refused("expected shape", values[:, :, :-1].shape, "FP32", values[:, :, :-1].copy())
    count += refused("datatype FP64 is not taken: expected FP32", values.shape, "FP64", values.astype(np.float64))
    count += refused("expected .* elements for its shape, found", [4, *shape[1:]], "FP32", values)
    count += refused("image 0: its content is not JPEG", [1], "BYTES", np.array([b"text"], dtype=np.object_))
    count += refused("unknown output `logit`, did you mean `logits`", values.shape, "FP32", values, outputs=[triton.InferRequestedOutput("logit")])
    return count
