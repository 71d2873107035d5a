#!/usr/bin/env python3
"""Checks `zoo serve` with other people's programs, and with requests that nobody should send.

    python3 -m venv VENV
    VENV/bin/pip install "tritonclient[http]==2.73.0" schemathesis==4.32.5 openapi-spec-validator==0.9.0 numpy pillow
    VENV/bin/python scripts/serve_check.py conform target/release/zoo runs/cnn runs/vit
    VENV/bin/python scripts/serve_check.py openapi target/release/zoo runs/cnn --seconds 180
    VENV/bin/python scripts/serve_check.py hostile target/release/zoo runs/cnn --requests 10000
    VENV/bin/python scripts/serve_check.py load target/release/zoo runs/cnn --config configs/cnn-sea.json --seconds 600

`conform` asks by Triton's own client, in every form of tensor, and compares with `zoo predict` bit for bit.
`openapi` validates openapi.json and has schemathesis make requests of it. `hostile` sends broken bodies,
cuts connections, sends headers slowly or without end, and bombs; after each the server must answer a good
request. `load` needs wrk: speed at 32 connections beside `zoo bench`, then more than the server can do.
"""

import argparse
import io
import json
import os
import pathlib
import random
import re
import socket
import struct
import subprocess
import sys
import tempfile
import time
import zlib

import numpy as np
from PIL import Image

SEED = 7


class Server:
    """A `zoo serve` of these runs."""

    def __init__(self, zoo, runs, *flags):
        self.log = tempfile.TemporaryFile("w+")
        command = [zoo, "serve", *runs, "--bind", "127.0.0.1:0", *flags]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=self.log, text=True)
        self.url = self.process.stdout.readline().strip()
        if not self.url:
            sys.exit("the server does not start")
        self.host, port = self.url.removeprefix("http://").split(":")
        self.port = int(port)

    def memory(self, key="VmRSS"):
        """Megabytes."""
        status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"{key}:\s+(\d+) kB", status)[1]) / 1000

    def end(self):
        """Ends the server; says how, and what it has written."""
        self.process.terminate()
        code = self.process.wait(timeout=30)
        self.log.seek(0)
        return code, self.log.read()

    def connect(self, seconds=20):
        return socket.create_connection((self.host, self.port), timeout=seconds)

    def post(self, path, body, headers=()):
        """Status and body of an answer."""
        lines = [f"POST {path} HTTP/1.1", f"Host: {self.host}", "Connection: close", f"Content-Length: {len(body)}", *headers]
        with self.connect() as connection:
            connection.sendall("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
            return read_answer(connection)


def read_answer(connection):
    answer = b""
    try:
        while part := connection.recv(65536):
            answer += part
    except (TimeoutError, ConnectionError):
        pass
    head, _, body = answer.partition(b"\r\n\r\n")
    status = re.match(rb"HTTP/1.1 (\d+)", head)
    return (int(status[1]) if status else None), body


def png(pixels):
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "PNG")
    return file.getvalue()


def check(condition, message):
    if not condition:
        sys.exit(f"FAILED: {message}")


# conform: Triton's client.


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


# openapi: a validator, and requests made of the description.


def openapi(args):
    from openapi_spec_validator import validate
    from urllib.request import urlopen

    server = Server(args.zoo, args.runs, "--timeout", "60s")
    document = json.load(urlopen(f"{server.url}/openapi.json"))
    validate(document)
    print(f"openapi: {len(document['paths'])} paths, OpenAPI {document['openapi']}, valid")
    until, rounds = time.monotonic() + args.seconds, 0
    while time.monotonic() < until:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.url}/openapi.json", "--checks", args.checks,
                   "--max-examples", "200", "--seed", str(SEED + rounds), "--request-timeout", "30", "--phases", "examples,coverage,fuzzing",
                   "--exclude-path-regex", "/events$", "--suppress-health-check", "all"]
        result = subprocess.run(command, capture_output=True, text=True)
        check(result.returncode == 0, f"schemathesis:\n{result.stdout[-6000:]}{result.stderr[-2000:]}")
        rounds += 1
    print("\n".join(result.stdout.splitlines()[-12:]))
    code, said = server.end()
    check(code == 0 and "panicked" not in said, f"end: {code} {said}")
    print(f"openapi: {rounds} rounds of schemathesis in {args.seconds} s without a failure")


# hostile: what nobody should send.


def chunk(kind, content):
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def bomb(width, height):
    """A small PNG of many pixels."""
    rows = zlib.compress(b"\0" * ((width * 3 + 1) * min(height, 4000)), 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def form(rng, file):
    boundary = rng.choice(["x", "----b", "a" * 70, 'q"', ""])
    parts = [f"--{boundary}\r\n".encode(), b'Content-Disposition: form-data; name="a"; filename="a.png"\r\n\r\n', file, f"\r\n--{boundary}--\r\n".encode()]
    rng.shuffle(parts)
    return b"".join(parts[: rng.randint(0, 4)]), f"Content-Type: multipart/form-data; boundary={boundary}"


def fuzzed(rng, file):
    bytes_ = bytearray(file)
    for _ in range(rng.randint(1, 20)):
        bytes_[rng.randrange(len(bytes_))] = rng.randrange(256)
    return bytes(bytes_[: rng.randint(1, len(bytes_))])


def attack(rng, server, name, goods, bombs, held):
    """Sends something bad; says what it was and the status, if there was one."""
    path = rng.choice([f"/predict/{name}", f"/explain/{name}", f"/v2/models/{name}/infer"])
    kind = rng.choice(["fuzzed", "fuzzed", "form", "cut", "slow", "header", "bomb", "json", "length", "binary", "method", "path"])
    if kind == "fuzzed":
        return kind, server.post(path, fuzzed(rng, rng.choice(goods)))[0]
    if kind == "form":
        body, header = form(rng, rng.choice(goods))
        return kind, server.post(f"/predict/{name}", body, [header])[0]
    if kind == "bomb":
        return kind, server.post(f"/predict/{name}", rng.choice(bombs))[0]
    if kind == "json":
        deep = "[" * rng.choice([10, 1000, 100_000])
        tensor = {"name": "images", "shape": [rng.choice([0, 1, 10**9, 2**63])], "datatype": rng.choice(["FP32", "BYTES", "UINT8", ""]), "data": [1e308] * 10}
        body = rng.choice([deep, json.dumps({"inputs": [tensor]}), json.dumps({"inputs": []}), '{"inputs":' + deep, "null"])
        return kind, server.post(f"/v2/models/{name}/infer", body.encode())[0]
    if kind == "binary":
        size = rng.choice([0, 3, 2**31, 2**63])
        request = {"inputs": [{"name": "images", "shape": [rng.choice([1, 2])], "datatype": "BYTES", "parameters": {"binary_data_size": size}}]}
        text = json.dumps(request).encode()
        length = rng.choice([len(text), 0, len(text) + 100, -1])
        return kind, server.post(f"/v2/models/{name}/infer", text + b"\xff\xff\xff\xff", [f"Inference-Header-Content-Length: {length}"])[0]
    connection = server.connect(seconds=5)
    if kind == "slow":
        # A header that never ends, held open beside the others.
        connection.sendall(b"POST /predict/x HTTP/1.1\r\nHost: 127.0.0.1\r\nX-A: ")
        held.append(connection)
        if len(held) > 200:
            held.pop(0).close()
        return kind, None
    with connection:
        lines = {
            "cut": f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 100000\r\n\r\npart".encode(),
            "length": f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\nContent-Length: {rng.choice(['99999999999', '-1', '1e3', '4294967296000'])}\r\n\r\nx".encode(),
            "method": bytes(rng.randrange(256) for _ in range(rng.randint(1, 300))),
            "path": f"GET /{'../' * rng.randint(1, 20)}etc/passwd HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode(),
            "header": b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n" + b"X-B: " + b"y" * rng.choice([100_000, 1_000_000]) + b"\r\n" * rng.choice([1, 2]),
        }
        try:
            connection.sendall(lines[kind])
            if kind in ("cut", "method"):
                return kind, None
            return kind, read_answer(connection)[0]
        except ConnectionError:
            return kind, None


def hostile(args):
    server, rng = Server(args.zoo, args.runs, "--max-connections", "512"), random.Random(SEED)
    name = pathlib.Path(args.runs[0]).name
    noise = np.random.default_rng(SEED).integers(0, 256, (64, 64, 3), dtype=np.uint8)
    goods = [png(noise)]
    for format_ in ("JPEG", "GIF", "BMP", "TIFF", "WEBP"):
        file = io.BytesIO()
        Image.fromarray(noise).save(file, format_)
        goods.append(file.getvalue())
    bombs = [bomb(16_000, 16_000), bomb(7_000, 7_000), bomb(100_000, 100_000), bomb(16_384, 3_000)]
    expected = server.post(f"/predict/{name}", goods[0])
    check(expected[0] == 200, "a good request")
    seen, held, highest, began = {}, [], 0, time.monotonic()
    for number in range(args.requests):
        kind, status = attack(rng, server, name, goods, bombs, held)
        key = f"{kind} {status}"
        seen[key] = seen.get(key, 0) + 1
        check(status is None or status < 500, f"request {number}, {kind}: {status}")
        check(server.post(f"/predict/{name}", goods[0]) == expected, f"the good request after {number}, {kind}")
        if number % 100 == 0:
            highest = max(highest, server.memory())
    peak = server.memory("VmHWM")
    check(server.process.poll() is None, "the server is up")
    for connection in held:
        connection.close()
    code, said = server.end()
    check(code == 0 and "panicked" not in said, f"end: {code} {said[-2000:]}")
    check(peak < 500, f"{peak} MB")
    print(f"hostile: {args.requests} requests in {time.monotonic() - began:.0f} s, each followed by a good one; peak {peak:.0f} MB, no panic")
    print("  " + ", ".join(f"{key}: {count}" for key, count in sorted(seen.items())))


# load: how fast, and what happens beyond.

SCRIPT = """
local file = io.open("{image}", "rb")
wrk.method = "POST"
wrk.body = file:read("*a")
done = function(summary, latency)
  local errors = summary.errors
  io.write(string.format("RESULT %d %d %.0f %.0f %.0f %d %d %d\\n", summary.requests, summary.duration, latency:percentile(50), latency:percentile(99), latency.max, errors.status, errors.read + errors.write + errors.connect, errors.timeout))
end
"""


def wrk(server, name, image, connections, seconds):
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(SCRIPT.format(image=image))
        script.flush()
        command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s", "-s", script.name, f"{server.url}/predict/{name}"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    numbers = [float(number) for number in re.search(r"RESULT (.*)", said)[1].split()]
    requests, micros, p50, p99, most, refused, broken, late = numbers
    return {"rate": (requests - refused) / micros * 1e6, "refused": refused / micros * 1e6, "p50": p50 / 1000, "p99": p99 / 1000, "max": most / 1000, "broken": broken, "late": late, "statuses": refused}


def statuses(server):
    from urllib.request import urlopen

    text = urlopen(f"{server.url}/metrics").read().decode()
    return {status: int(count) for status, count in re.findall(r'zoo_requests_total\{path="/predict/\{model\}",status="(\d+)"\} (\d+)', text)}


def load(args):
    server, name = Server(args.zoo, args.runs), pathlib.Path(args.runs[0]).name
    side = args.side
    with tempfile.NamedTemporaryFile(suffix=".png") as image:
        image.write(png(np.random.default_rng(SEED).integers(0, 256, (side, side, 3), dtype=np.uint8)))
        image.flush()
        for _ in range(3):
            bench = json.loads(subprocess.check_output([args.zoo, "bench", args.config, "--what", "infer", "--batch", "16", "--json", "-q"]))[0]["images_per_second"]
            served = wrk(server, name, image.name, 32, 8)
            print(f"load: {served['rate']:.0f} images/s at 32 connections, p50 {served['p50']:.1f} ms, p99 {served['p99']:.1f} ms; bench {bench:.0f} images/s at batch 16: {served['rate'] / bench:.2f}")
            check(served["broken"] == 0 and served["statuses"] == 0, f"errors: {served}")
        before = server.memory()
        over = wrk(server, name, image.name, 256, args.seconds)
        after = server.memory()
    print(f"load: {args.seconds} s of 256 connections: {over['rate']:.0f} images/s, {over['refused']:.0f} refusals/s, p50 {over['p50']:.1f} ms, p99 {over['p99']:.1f} ms, at most {over['max']:.0f} ms; {before:.0f} MB before, {after:.0f} MB after")
    seen = statuses(server)
    check(set(seen) <= {"200", "503"} and over["broken"] == over["late"] == 0, f"statuses {seen}, {over}")
    code, said = server.end()
    check(code == 0 and "panicked" not in said, f"end: {code} {said[-2000:]}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    verbs = parser.add_subparsers(required=True)
    for verb in (conform, openapi, hostile, load):
        one = verbs.add_parser(verb.__name__)
        one.set_defaults(verb=verb)
        one.add_argument("zoo", type=os.path.abspath)
        one.add_argument("runs", nargs="+")
        if verb in (openapi, load):
            one.add_argument("--seconds", type=int, default=60)
        if verb is openapi:
            one.add_argument("--checks", default="not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance")
        if verb is hostile:
            one.add_argument("--requests", type=int, default=1000)
        if verb is load:
            one.add_argument("--config", required=True)
            one.add_argument("--side", type=int, default=32)
    args = parser.parse_args()
    args.verb(args)


if __name__ == "__main__":
    main()
