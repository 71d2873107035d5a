#!/usr/bin/env python3
"""Puts `zoo serve` where docs/serve.md says: behind nginx, under systemd, and alone in an empty folder.

    apt-get install nginx-light systemd openssl curl
    python3 scripts/serve_deploy_check.py target/release/zoo runs/cnn photo.png [--nginx /usr/sbin/nginx]

What is run is taken from the page itself; only ports, folders and the certificate are replaced. With
--static and the binary that the page's section on containers builds, its commands are run in a folder
that holds nothing else, as root.
"""

import argparse
import json
import os
import pathlib
import re
import shutil
import socket
import stat
import subprocess
import sys
import tempfile
import time

PAGE = pathlib.Path(__file__).resolve().parent.parent / "docs/serve.md"
TOKEN = "0123456789abcdef-of-this-check"


def snippet(language):
    return re.search(rf"```{language}\n(.*?)```", PAGE.read_text(), re.DOTALL)[1]


def free_port():
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def check(condition, message):
    if not condition:
        sys.exit(f"FAILED: {message}")


def curl(*arguments):
    return subprocess.run(["curl", "-sS", *map(str, arguments)], capture_output=True, text=True)


def wait_for(port):
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", port)).close()
            return
        except OSError:
            time.sleep(0.1)
    sys.exit(f"FAILED: nothing listens on port {port}")


def ask(address, photo, *flags):
    """A prediction and a refusal, as a client far away gets them."""
    said = curl(*flags, "-H", f"Authorization: Bearer {TOKEN}", f"{address}/predict/cnn", "--data-binary", f"@{photo}")
    check(said.returncode == 0 and "predictions" in json.loads(said.stdout)["images"][0], f"{address}: {said.stdout}{said.stderr}")
    said = curl(*flags, f"{address}/predict/cnn", "--data-binary", f"@{photo}")
    check("a token is wanted" in said.stdout, f"{address} without a token: {said.stdout}{said.stderr}")
    return json.loads(curl(*flags, "-H", f"Authorization: Bearer {TOKEN}", f"{address}/v2/models/cnn").stdout)["name"]


def nginx(args, folder):
    """The page's site in front of a server."""
    config, zoo_port, port = snippet("nginx"), free_port(), free_port()
    name = re.search(r"server_name (\S+);", config)[1]
    certificate, key = re.search(r"ssl_certificate (\S+);", config)[1], re.search(r"ssl_certificate_key (\S+);", config)[1]
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}",
                    "-addext", f"subjectAltName=DNS:{name}", "-keyout", "key.pem", "-out", "certificate.pem"],
                   cwd=folder, check=True, capture_output=True)
    upstream = re.search(r"proxy_pass http://(\S+);", config)[1]
    for old, new in ((certificate, folder / "certificate.pem"), (key, folder / "key.pem"), (upstream, f"127.0.0.1:{zoo_port}"), ("listen 443", f"listen {port}")):
        check(old in config, f"{old} is not in the page's site")
        config = config.replace(old, str(new))
    paths = "".join(f"{kind}_temp_path {folder}/{kind}; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    (folder / "nginx.conf").write_text(f"daemon off; pid {folder}/pid; events {{}} http {{ access_log off; {paths}\n{config} }}")
    command = [args.nginx, "-p", folder, "-c", folder / "nginx.conf", "-e", "stderr"]
    tested = subprocess.run([*command, "-t"], capture_output=True, text=True)
    check(tested.returncode == 0, tested.stderr)
    (folder / "token").write_text(TOKEN)
    host = re.search(r"`(--host \S+)`", PAGE.read_text())[1].split()
    zoo = subprocess.Popen([args.zoo, "serve", f"cnn={args.run}", "--bind", f"127.0.0.1:{zoo_port}", "--token-file", folder / "token", *host, "-q"],
                           stdout=subprocess.DEVNULL)
    proxy = subprocess.Popen(command)
    try:
        wait_for(zoo_port)
        wait_for(port)
        flags = ["--cacert", folder / "certificate.pem", "--resolve", f"{name}:{port}:127.0.0.1"]
        address = f"https://{name}:{port}"
        ask(address, args.photo, *flags)
        # The page's own requests name their site.
        ask(address, args.photo, *flags, "-H", f"Origin: {address}")
        said = curl(*flags, "-H", "Origin: https://evil.example", f"{address}/v2")
        check("may not ask" in said.stdout, f"another site: {said.stdout}")
        (folder / "large").write_bytes(bytes(32_000_001))
        said = curl(*flags, "-H", f"Authorization: Bearer {TOKEN}", f"{address}/predict/cnn", "--data-binary", f"@{folder / 'large'}")
        check("--max-body" in said.stdout, f"a body over the limit is refused by another than zoo: {said.stdout}")
    finally:
        proxy.terminate()
        zoo.terminate()
    check(zoo.wait(30) == 0 and proxy.wait(30) == 0, "the end")
    print("nginx: takes the page's site, and predictions, refusals and the page's own requests pass through it")


def systemd(args, folder):
    """The page's unit, read by systemd itself."""
    unit = snippet("ini").replace("/usr/local/bin/zoo", str(args.zoo))
    (folder / "zoo.service").write_text(unit)
    verified = subprocess.run(["systemd-analyze", "verify", folder / "zoo.service"], capture_output=True, text=True)
    check(verified.returncode == 0 and "zoo.service" not in verified.stderr, verified.stderr)
    rated = subprocess.run(["systemd-analyze", "security", "--offline=yes", folder / "zoo.service"], capture_output=True, text=True)
    print(f"systemd: takes the page's unit; {rated.stdout.strip().splitlines()[-1].lstrip('→ ')}")


def alone(args, folder):
    """The commands of the page's container file, in a folder that holds what it copies and nothing else."""
    root = folder / "root"
    lines = snippet("dockerfile").splitlines()
    for source, target in (line.split()[1:] for line in lines if line.startswith("COPY")):
        target = root / target.lstrip("/")
        target.parent.mkdir(parents=True, exist_ok=True)
        if source == "zoo":
            shutil.copy(args.static, target)
        else:
            shutil.copytree(args.run, target / "cnn")
    # Every container has them.
    (root / "dev").mkdir()
    for device, minor in (("random", 8), ("urandom", 9)):
        os.mknod(root / "dev" / device, 0o644 | stat.S_IFCHR, os.makedev(1, minor))
    secret = root / "run/secrets"
    secret.mkdir(parents=True)
    (secret / "token").write_text(TOKEN)
    words = [json.loads(line.split(maxsplit=1)[1]) for line in lines if line.startswith(("ENTRYPOINT", "CMD"))]
    words, port = sum(words, []), free_port()
    words = [re.sub(r"^0\.0\.0\.0:\d+$", f"127.0.0.1:{port}", word) for word in words]
    user = next(line.split()[1] for line in lines if line.startswith("USER"))
    zoo = subprocess.Popen(["chroot", f"--userspec={user}:{user}", root, *words], stdout=subprocess.DEVNULL)
    try:
        wait_for(port)
        ask(f"http://127.0.0.1:{port}", args.photo)
    finally:
        zoo.terminate()
    check(zoo.wait(30) == 0, "the end")
    print(f"container: answers from a folder with nothing but the binary ({os.path.getsize(args.static) / 1e6:.0f} MB) and the run")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("zoo", type=os.path.abspath)
    parser.add_argument("run", type=os.path.abspath)
    parser.add_argument("photo", type=os.path.abspath)
    parser.add_argument("--static", type=os.path.abspath)
    parser.add_argument("--nginx", default="nginx")
    args = parser.parse_args()
    for part in [nginx, systemd] + ([alone] if args.static else []):
        with tempfile.TemporaryDirectory() as folder:
            # nginx and the container run as others than root.
            os.chmod(folder, 0o755)
            part(args, pathlib.Path(folder))


if __name__ == "__main__":
    main()
