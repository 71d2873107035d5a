"""A validator, and requests made of the description."""

import json
import subprocess
import sys
import time

from .server import SEED, Server, check


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
