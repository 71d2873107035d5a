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
request. `load` needs wrk: speed at 32 connections beside `zoo bench`, then more than the server can do,
while another client measures how long its answers take.
"""

import argparse
import os

from serve_check.conform import conform
from serve_check.hostile import hostile
from serve_check.load import load
from serve_check.openapi import openapi


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
            one.add_argument("--pairs", type=int, default=3)
            one.add_argument("--max-batch", type=int, default=16)
            one.add_argument("--queue", type=int, default=64)
    args = parser.parse_args()
    args.verb(args)


if __name__ == "__main__":
    main()
