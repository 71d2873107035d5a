#!/usr/bin/env python3
"""Uses the page of `zoo serve` in a headless browser, and reports its problems.

    python3 -m venv VENV
    VENV/bin/pip install playwright==1.56.0
    VENV/bin/python scripts/serve_page_check.py target/release/zoo [--pictures FOLDER] [--browser /usr/bin/chromium]

It trains two small networks and serves them while a third trains. Then it drops a file, pastes one, uses a
fake camera, moves the sliders, downloads the history, watches the curves of the run under way, opens a cell
of a confusion matrix, and compares two runs; wide and narrow, light and dark, with the keyboard, and with a
token. It also opens the page of a `zoo train --serve`, pauses the run, slows it down and ends it. It checks
for console errors, requests to anything but the server, elements that overflow, and controls without a name.
`--pictures` keeps screenshots.
"""

import argparse
import base64
import csv
import io
import json
import pathlib
import re
import subprocess
import sys
import tempfile
import time

import camera
from playwright.sync_api import expect, sync_playwright

FORMS = [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)]
CAMERA = ["--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream"]
SEA = {"train": 120, "valid": 40, "test": 60, "preprocess": {"image_size": 16}}
MODELS = {
    "cnn": {"cnn": {"widths": [8, 16], "hidden": 0}},
    "vit": {"vit": {"embed_dim": 16, "depth": 2, "num_heads": 2, "mlp_dim": 32}},
}

# Elements that overflow the window to the right and are not inside a scrolling element.
OVERFLOWING = """() => {
  const inScroller = (e) => e && (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || inScroller(e.parentElement));
  const out = [...document.body.querySelectorAll("*")].filter(
    (e) => e.checkVisibility() && !e.matches(".unseen, #file") && e.getBoundingClientRect().right > innerWidth + 1 && !inScroller(e) && !e.closest("svg svg, svg *"));
  const page = document.documentElement.scrollWidth > innerWidth ? ["the page itself"] : [];
  return page.concat(out.map((e) => e.outerHTML.slice(0, 80)));
}"""
# Controls that a screen reader could not name.
NAMELESS = """() => [...document.querySelectorAll("button, input, select, video, img:not([alt=''])")]
  .filter((e) => e.checkVisibility() && !(e.textContent.trim() || e.labels?.length || e.getAttribute("aria-label") || e.alt || e.title))
  .map((e) => e.outerHTML.slice(0, 80))"""
# A drop, or a paste, of a file with these bytes.
BRING = """([kind, name, bytes]) => {
  const data = new DataTransfer();
  data.items.add(new File([Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0))], name, { type: "image/png" }));
  const event = kind === "paste" ? new ClipboardEvent(kind, { clipboardData: data, bubbles: true })
                                 : new DragEvent(kind, { dataTransfer: data, bubbles: true });
  document.getElementById("drop").dispatchEvent(event);
}"""

PROBLEMS = []
# The longest that anything may take, in milliseconds: the machine may be slow, or stop for seconds.
WAIT = 60_000


def note(problem):
    if problem not in PROBLEMS:
        PROBLEMS.append(problem)


class Zoo:
    """The binary, in a folder of its own."""

    def __init__(self, binary, folder):
        self.binary, self.folder = pathlib.Path(binary).resolve(), pathlib.Path(folder)

    def train(self, name, epochs, train=None):
        data = SEA | ({"train": train} if train else {})
        config = {"data": {"sea": data}, "model": MODELS[name[:3]], "optimizer": {"adamw": {}},
                  "loader": {"batch_size": 20}, "train": {"epochs": epochs, "log_every": 1}}
        (self.folder / f"{name}.json").write_text(json.dumps(config))
        return self.start("train", f"{name}.json", "-q")

    def start(self, *arguments):
        return subprocess.Popen([self.binary, *arguments], cwd=self.folder, stdout=subprocess.PIPE, text=True)

    def serve(self, *arguments):
        server = self.start("serve", "--bind", "127.0.0.1:0", *arguments)
        return server, server.stdout.readline().strip()

    def train_served(self, config):
        """A run under way that has the page beside it."""
        command = [self.binary, "train", config, "--serve", "127.0.0.1:0", "--run-dir", f"runs/served-{time.monotonic_ns()}"]
        run = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for line in run.stderr:
            if line.startswith("watch and steer"):
                return run, line.split()[-1]
        sys.exit("zoo train --serve told no address")


class Visit:
    """A page, of which all problems are noted."""

    def __init__(self, context, address, what, refusal=None):
        self.address, self.what, self.page = address, what, context.new_page()
        # The status that is expected: Chromium reports every answer that is no success as an error.
        self.refusal = refusal
        self.page.set_default_timeout(WAIT)
        self.page.on("console", lambda message: message.type in ("error", "warning") and self.note(message.text))
        self.page.on("pageerror", lambda error: self.note(str(error)))
        self.page.on("request", lambda request: self.check_request(request.url))
        self.page.goto(address)

    def note(self, problem):
        if not (self.refusal and self.refusal in problem):
            note(f"{self.what}: {problem}")

    def check_request(self, url):
        if not url.startswith((self.address + "/", "blob:", "data:")):
            self.note(f"requests {url}")

    def check_layout(self, pictures, name):
        for what, script in [("overflows", OVERFLOWING), ("has no name", NAMELESS)]:
            for part in self.page.evaluate(script):
                self.note(f"{name}: {what}: {part}")
        if pictures:
            self.page.screenshot(path=pictures / f"{self.what.replace(', ', '-')}-{name}.png", full_page=True)


def check_photos(visit, photo, pictures):
    page = visit.page
    expect(page.locator("#networks input")).to_have_count(2)
    encoded = base64.b64encode(photo.read_bytes()).decode()
    page.evaluate(BRING, ["drop", "dropped.png", encoded])
    expect(page.locator(".card")).to_have_count(2)
    expect(page.locator("#history tbody tr")).to_have_count(1)
    expect(page.locator(".card .verdict b")).to_have_count(2)
    expect(page.locator("#agreement")).to_have_text(re.compile("agree"))
    for picture in page.locator(".card .stack img").all():
        expect(picture).to_have_js_property("naturalWidth", 16)
    page.locator("#heat").fill("80")
    opacity = page.locator(".card .heat").first.evaluate("(e) => getComputedStyle(e).opacity")
    if opacity != "0.8":
        note(f"the overlay slider at 80 gives opacity {opacity}")
    page.evaluate(BRING, ["paste", "pasted.png", encoded])
    expect(page.locator("#history tbody tr")).to_have_count(2)
    second = page.locator(".card").first.locator(".bars button").nth(1)
    name = second.locator("span").first.text_content()
    second.click()
    expect(page.locator(".card small").nth(1)).to_have_text(re.compile(f"what speaks for {name}"))
    visit.check_layout(pictures, "photos")


def check_broken(visit):
    page, visit.refusal = visit.page, "422"
    page.set_input_files("#file", files=[{"name": "broken.png", "mimeType": "image/png", "buffer": b"no image"}])
    for verdict in page.locator(".card .verdict").all():
        expect(verdict).to_have_text(re.compile("not JPEG"))
    visit.refusal = None


def wait_until(page, holds):
    """Waits until it holds; whether it did in time."""
    until = time.monotonic() + WAIT / 1000
    while not holds() and time.monotonic() < until:
        page.wait_for_timeout(50)
    return holds()


def check_camera(visit):
    page = visit.page
    rows = page.locator("#history tbody tr").count()
    page.locator("#camera-on").click()
    expect(page.locator("#video")).to_be_visible()
    page.locator("#camera-still").click()
    expect(page.locator("#history tbody tr")).to_have_count(rows + 1)
    page.locator("#camera-live").click()
    expect(page.locator("#answer-title")).to_have_text("live")
    asked, answers = [], []
    page.on("request", lambda request: "/predict/" in request.url and asked.append(request.url))
    page.on("response", lambda response: "/predict/" in response.url and answers.append(response.status))
    if not wait_until(page, lambda: len(answers) >= 6) or set(answers) != {200}:
        note(f"the live camera got {len(answers)} answers: {set(answers)}")
    # Off while a photo is made: it is not asked about.
    camera.hold(page)
    before = len(asked)
    page.locator("#camera-off").click()
    expect(page.locator("#video")).to_be_hidden()
    camera.let_go(page)
    page.wait_for_timeout(500)
    if len(asked) != before:
        note("the live camera goes on after it was turned off")


def check_history(visit):
    page = visit.page
    with page.expect_download() as download:
        page.locator("#csv").click()
    rows = list(csv.DictReader(io.StringIO(pathlib.Path(download.value.path()).read_text())))
    if {row["network"] for row in rows} != {"cnn", "vit"} or not any(row["error"] for row in rows):
        note(f"history: {rows}")
    page.locator("#history button", has_text="dropped.png").click()
    expect(page.locator("#answer-title")).to_have_text("dropped.png")


def check_runs(visit, pictures, live):
    page = visit.page
    page.locator("#tab-look").focus()
    page.keyboard.press("ArrowRight")
    expect(page.locator("#view-runs")).to_be_visible()
    page.get_by_role("button", name="cnn", exact=True).click()
    expect(page.locator("#run-charts svg.chart")).to_have_count(3)
    cell = page.locator(".matrix td button").last
    count = int(cell.text_content())
    cell.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#run-cell .photos figure")).to_have_count(count)
    expect(page.locator("#run-cell .photos img").first).not_to_have_js_property("naturalWidth", 0)
    page.locator("#run-hardest button").click()
    expect(page.locator("#run-hardest .photos figure").first).to_be_visible()
    for name in ["cnn", "vit"]:
        page.get_by_label(f"Compare {name}", exact=True).check()
    expect(page.locator("#comparison-charts svg.chart")).to_have_count(2)
    visit.check_layout(pictures, "runs")
    if live:
        page.get_by_role("button", name="cnn-live", exact=True).click()
        expect(page.locator("#run-state")).to_have_text(re.compile("^Training"))
        step = page.locator("#run-tiles dt", has_text="step").locator("+ dd")
        expect(step).to_have_text(re.compile(r"\d"))
        before = int(step.text_content())
        if not wait_until(page, lambda: int(step.text_content()) > before):
            note(f"the run under way stays at step {before}")
        visit.check_layout(pictures, "live")


def check_training(context, zoo, pictures, what):
    run, address = zoo.train_served("cnn-live.json")
    try:
        visit = Visit(context, address, f"training, {what}")
        page = visit.page
        doing, step = page.locator("#training-doing"), page.locator("#training-tiles dt", has_text="step").locator("+ dd")
        done = lambda: int(step.text_content().split()[0])
        expect(page.locator("#view-runs")).to_be_visible()
        expect(doing).to_have_text("The network is training.")
        expect(page.locator("#run-charts svg.chart")).to_have_count(3)
        expect(page.locator("#training-samples figure")).to_have_count(12)
        expect(page.locator("#training-samples img").first).not_to_have_js_property("naturalWidth", 0)
        before = done()
        if not wait_until(page, lambda: done() > before):
            visit.note(f"the run stays at step {before}")
        visit.check_layout(pictures, "steps")
        page.get_by_role("button", name="Pause").click()
        expect(doing).to_have_text("The run is paused.")
        before = done()
        page.wait_for_timeout(2500)
        if done() != before:
            visit.note(f"the paused run goes on, from step {before} to {done()}")
        page.locator("#training-factor").fill("0.25")
        page.keyboard.press("Enter")
        expect(page.locator("#training-tiles")).to_contain_text("× 0.25")
        expect(page.locator("#run-steered")).to_have_text(f"Steered by hand: paused after step {before}, learning rate × 0.25 after step {before}.")
        visit.refusal = "400"
        page.locator("#training-factor").fill("-1")
        page.keyboard.press("Enter")
        expect(page.locator("#training-problem")).to_have_text("`factor`: expected a finite number above 0, found -1")
        visit.check_layout(pictures, "paused")
        page.get_by_role("button", name="Go on").click()
        expect(doing).to_have_text("The network is training.")
        page.get_by_role("button", name="End now").click()
        page.get_by_role("button", name="Keep training").click()
        expect(page.locator("#training-sure")).to_be_hidden()
        page.get_by_role("button", name="End now").click()
        visit.refusal = "ERR_"
        page.get_by_role("button", name="End it").click()
        expect(doing).to_have_text(re.compile("The run has ended"))
        visit.check_layout(pictures, "ended")
        if run.wait(timeout=WAIT / 1000) != 130:
            visit.note(f"the run that was ended exited with {run.returncode}")
    finally:
        run.kill()


def check_token(browser, zoo, pictures):
    (zoo.folder / "token").write_text("a-token-of-the-page-check\n")
    (zoo.folder / "token").chmod(0o600)
    server, address = zoo.serve("--token-file", "token", "cnn=runs/cnn")
    try:
        visit = Visit(browser.new_context(), address, "token", refusal="401")
        expect(visit.page.locator("#token")).to_be_visible()
        visit.check_layout(pictures, "asked")
        for text in ["wrong", "a-token-of-the-page-check"]:
            expect(visit.page.locator("#token")).to_be_visible()
            visit.page.locator("#token-text").fill(text)
            with visit.page.expect_response("**/models"):
                visit.page.keyboard.press("Enter")
        expect(visit.page.locator("#networks input")).to_have_count(1)
    finally:
        server.terminate()
        server.wait()


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("zoo")
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    args = parser.parse_args()
    if args.pictures:
        args.pictures.mkdir(parents=True, exist_ok=True)
    expect.set_options(timeout=WAIT)
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        zoo = Zoo(args.zoo, folder)
        for name in MODELS:
            if zoo.train(name, 3).wait() != 0:
                sys.exit(f"{name} could not be trained")
        live = zoo.train("cnn-live", 100_000, train=2000)
        server, address = zoo.serve()
        browser = playwright.chromium.launch(executable_path=args.browser, args=["--no-sandbox", *CAMERA])
        photo = pathlib.Path(__file__).parent.parent / "docs" / "sea.png"
        began = time.monotonic()
        try:
            for scheme, width in FORMS:
                context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
                visit = Visit(context, address, f"{scheme}, {width}")
                check_photos(visit, photo, args.pictures)
                check_camera(visit)
                check_broken(visit)
                check_history(visit)
                check_runs(visit, args.pictures, live=True)
                check_training(context, zoo, args.pictures, f"{scheme}, {width}")
                context.close()
            check_token(browser, zoo, args.pictures)
        finally:
            browser.close()
            live.terminate()
            server.terminate()
            codes = [live.wait(), server.wait()]
        if codes != [130, 0]:
            note(f"the run and the server ended with {codes}, not 130 and 0")
    print(f"the page of zoo serve: {len(FORMS)} forms in {time.monotonic() - began:.0f} s, {len(PROBLEMS)} problems")
    for problem in PROBLEMS:
        print(f"  {problem}")
    sys.exit(bool(PROBLEMS))


if __name__ == "__main__":
    main()
