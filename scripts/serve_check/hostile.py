"""What nobody should send."""

import io
import json
import pathlib
import random
import struct
import time
import zlib

import numpy as np
from PIL import Image

from .server import SEED, Server, check, png, read_answer


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
