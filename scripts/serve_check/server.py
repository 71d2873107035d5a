"""A `zoo serve` to be checked, and requests to it."""

import io
import pathlib
import re
import socket
import subprocess
import sys
import tempfile

from PIL import Image

# Of everything that is drawn at random.
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

    def connect(self, seconds=120):
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
