#!/usr/bin/env python3
"""Builds the page docs/browser with a network, and checks it in a headless browser.

    zoo export runs/NAME --format onnx --any-size --out model.onnx
    python3 scripts/browser_page.py model.onnx --out page            # needs npm; then serve the folder
    VENV/bin/pip install playwright==1.56.0
    VENV/bin/python scripts/browser_page.py model.onnx --out page --check target/release/zoo runs/NAME PHOTO...

The check drops each photo on the page, and compares the probabilities with those of `zoo predict`. It
fails on a difference above 0.001, on errors in the console, and on requests to anywhere else.
"""

import argparse
import base64
import functools
import http.server
import json
import mimetypes
import pathlib
import shutil
import subprocess
import sys
import tempfile
import threading

ROOT = pathlib.Path(__file__).resolve().parent.parent
RUNTIME = "onnxruntime-web@1.30.0"
# The build for processors, without WebGPU: its script, its loader and the runtime itself.
PARTS = ["ort.wasm.min.mjs", "ort-wasm-simd-threaded.mjs", "ort-wasm-simd-threaded.wasm"]

DROP = """([text, name, type]) => {
  const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
  const transfer = new DataTransfer();
  transfer.items.add(new File([bytes], name, { type }));
  document.getElementById("status").textContent = "";
  document.getElementById("drop").dispatchEvent(new DragEvent("drop", { dataTransfer: transfer }));
}"""
ROWS = """() => [...document.querySelectorAll("#scores tr")]
  .map((row) => [row.cells[0].textContent, Number(row.dataset.probability)])"""


def build(model, out):
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(["npm", "install", "--silent", "--ignore-scripts", "--prefix", folder, RUNTIME], check=True)
        for part in PARTS:
            shutil.copy(pathlib.Path(folder) / "node_modules/onnxruntime-web/dist" / part, out)
    shutil.copy(ROOT / "docs/browser/index.html", out)
    shutil.copy(model, out / "model.onnx")
    shutil.copy(model.with_name("config.json"), out)


def serve(folder):
    class Quiet(http.server.SimpleHTTPRequestHandler):
        extensions_map = http.server.SimpleHTTPRequestHandler.extensions_map | {".mjs": "text/javascript"}

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return f"http://127.0.0.1:{server.server_port}/"


def check(out, zoo, run, photos, browser, picture):
    from playwright.sync_api import sync_playwright

    said = subprocess.run([zoo, "predict", run, *photos, "--json", "--top-k", "5", "-q"], capture_output=True, text=True, check=True)
    expected = {image["image"]: [(row["class"], row["probability"]) for row in image["predictions"]] for image in json.loads(said.stdout)}
    wrong, worst = [], 0.0
    address = serve(out)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=browser, args=["--no-sandbox"])
        page = chromium.new_page()
        page.on("console", lambda message: message.type == "error" and wrong.append(message.text))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("request", lambda request: request.url.startswith((address, "blob:", "data:")) or wrong.append(request.url))
        page.goto(address)
        page.wait_for_function("() => document.getElementById('status').textContent === 'Ready.'", timeout=60_000)
        for photo, rows in expected.items():
            text = base64.b64encode(pathlib.Path(photo).read_bytes()).decode()
            page.evaluate(DROP, [text, pathlib.Path(photo).name, mimetypes.guess_type(photo)[0]])
            page.wait_for_function("() => document.getElementById('status').textContent !== ''", timeout=60_000)
            found = dict(page.evaluate(ROWS))
            difference = max(abs(found.get(name, -1) - probability) for name, probability in rows)
            worst = max(worst, difference)
            if difference > 1e-3 or max(found, key=found.get) != rows[0][0]:
                wrong.append(f"{photo}: {difference:.1e}, {page.text_content('#status')}")
        if picture:
            page.screenshot(path=picture, full_page=True)
        print(f"{len(expected)} photos in Chromium {chromium.version}: probabilities within {worst:.1e}")
        chromium.close()
    sys.exit("\n".join(wrong) or None)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=pathlib.Path, help="a file of zoo export --format onnx --any-size")
    parser.add_argument("--out", type=pathlib.Path, required=True, help="folder to write")
    parser.add_argument("--check", nargs="+", metavar="ZOO RUN PHOTO", help="compare with zoo predict")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--picture", type=pathlib.Path, help="keep a screenshot")
    arguments = parser.parse_args()
    build(arguments.model, arguments.out)
    if arguments.check:
        zoo, run, *photos = arguments.check
        check(arguments.out, zoo, run, photos, arguments.browser, arguments.picture)


if __name__ == "__main__":
    main()
