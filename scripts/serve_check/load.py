"""How fast, and what happens beyond."""

import http.client
import json
import pathlib
import re
import subprocess
import tempfile
import threading
import time

import numpy as np

from .server import SEED, Server, check, png


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


def probe(server, name, image, stop, seen):
    """Asks again and again on one connection; notes the status and the milliseconds of each answer."""
    connection = http.client.HTTPConnection(server.host, server.port, timeout=300)
    while not stop.is_set():
        began = time.monotonic()
        connection.request("POST", f"/predict/{name}", image)
        answer = connection.getresponse()
        answer.read()
        seen.append((answer.status, 1000 * (time.monotonic() - began)))
        time.sleep(0.02)


def load(args):
    flags = ["--max-batch", str(args.max_batch), "--queue", str(args.queue)]
    server, name = Server(args.zoo, args.runs, *flags), pathlib.Path(args.runs[0]).name
    side = args.side
    with tempfile.NamedTemporaryFile(suffix=".png") as image:
        encoded = png(np.random.default_rng(SEED).integers(0, 256, (side, side, 3), dtype=np.uint8))
        image.write(encoded)
        image.flush()
        ratios = []
        for _ in range(args.pairs):
            bench = json.loads(subprocess.check_output([args.zoo, "bench", args.config, "--what", "infer", "--batch", "16", "--steps", "1000", "--json", "-q"]))[0]["images_per_second"]
            served = wrk(server, name, image.name, 32, 5)
            ratios.append(served["rate"] / bench)
            print(f"load: {served['rate']:.0f} images/s at 32 connections, p50 {served['p50']:.1f} ms, p99 {served['p99']:.1f} ms; bench {bench:.0f} images/s at batch 16: {ratios[-1]:.2f}", flush=True)
            check(served["broken"] == 0 and served["statuses"] == 0, f"errors: {served}")
        if ratios:
            print(f"load: median {np.median(ratios):.2f}")
        if args.seconds:
            beyond(args, server, name, image.name, encoded)
    code, said = server.end()
    check(code == 0 and "panicked" not in said, f"end: {code} {said[-2000:]}")


def beyond(args, server, name, image, encoded):
    """More than the server can do."""
    before, stop, seen = server.memory(), threading.Event(), []
    prober = threading.Thread(target=probe, args=(server, name, encoded, stop, seen))
    prober.start()
    # The first minute fills what the server keeps for later.
    warm = min(60, args.seconds // 4)
    wrk(server, name, image, 256, warm)
    early = server.memory()
    over = wrk(server, name, image, 256, args.seconds - warm)
    after = server.memory()
    stop.set()
    prober.join()
    print(f"load: {args.seconds} s of 256 connections: {over['rate']:.0f} images/s, {over['refused']:.0f} refusals/s; {before:.0f} MB before, {early:.0f} MB after {warm} s, {after:.0f} MB at the end")
    times = np.array([time for status, time in seen if status == 200])
    p50, p99 = np.percentile(times, [50, 99])
    # Besides the queue, one batch fills and two are computed.
    bound = 1000 * (args.queue + 3 * args.max_batch) / over["rate"]
    print(f"load: {len(times)} answers to one more client: p50 {p50:.1f} ms, p99 {p99:.1f} ms, at most {times.max():.0f} ms, of which (queue + 3 batches) / rate = {bound:.1f} ms at most in the queue")
    statuses_ = statuses(server)
    check(set(statuses_) <= {"200", "503"} and over["broken"] == over["late"] == 0, f"statuses {statuses_}, {over}")
    check({status for status, _ in seen} <= {200, 503}, "statuses of the other client")
    check(after < early + 20, "memory grows")
