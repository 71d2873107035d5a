"""The binary, and a page of its lab of which all problems are noted."""

import json
import pathlib
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request

import numpy as np
from playwright.sync_api import expect

FORMS = [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)]
SEA = {"train": 120, "valid": 40, "test": 60, "preprocess": {"image_size": 32}}
MODELS = {
    "cnn": {"cnn": {"widths": [8, 16], "hidden": 0}},
    "res": {"resnet": {"preset": "resnet20"}},
    "vit": {"vit": {"embed_dim": 16, "depth": 2, "num_heads": 2, "mlp_dim": 32, "pooling": "class-token"}},
}
PROBLEMS = []
# The longest that anything may take, in milliseconds: the machine may be slow, or stop for seconds.
WAIT = 120_000
expect.set_options(timeout=WAIT)

# Elements that overflow the window to the right and are not inside a scrolling element.
OVERFLOWING = """() => {
  const inScroller = (e) => e && (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || inScroller(e.parentElement));
  const out = [...document.body.querySelectorAll("*")].filter(
    (e) => e.checkVisibility() && !e.matches(".unseen, #file, .skip") && e.getBoundingClientRect().right > innerWidth + 1 && !inScroller(e) && !e.closest("svg *"));
  const page = document.documentElement.scrollWidth > innerWidth ? ["the page itself"] : [];
  return page.concat(out.slice(0, 5).map((e) => e.outerHTML.slice(0, 90)));
}"""
# Controls that a screen reader could not name.
NAMELESS = """() => [...document.querySelectorAll("button, input, select, summary, [tabindex='0'], img:not([alt=''])")]
  .filter((e) => e.checkVisibility() && !(e.textContent.trim() || e.labels?.length || e.getAttribute("aria-label") || e.alt || e.title))
  .map((e) => e.outerHTML.slice(0, 90))"""


def note(problem):
    if problem not in PROBLEMS:
        PROBLEMS.append(problem)
        print(f"  problem: {problem}", flush=True)


def near(what, found, expected, within):
    """Notes numbers that are further apart than `within`."""
    found, expected = np.asarray(found, dtype=float), np.asarray(expected, dtype=float)
    if found.shape != expected.shape:
        note(f"{what}: shape {found.shape}, expected {expected.shape}")
    elif not np.all(np.abs(found - expected) <= within):
        note(f"{what}: {found.ravel()[:4]} ..., expected {expected.ravel()[:4]} ..., apart by {np.abs(found - expected).max():.2g}")


def take_from(sources, context):
    """Has the parts of the page come from a folder."""
    def give(route):
        name = route.request.url.rpartition("/")[2].partition("?")[0]
        folder = sources / "lesson" / name.removesuffix(".js") if "/lessons/" in route.request.url else sources / "page"
        route.fulfill(path=folder / name)
    context.route("**/page/lab/**", give)


class Zoo:
    """The binary, in a folder of its own."""

    def __init__(self, binary, folder, runs, is_timed):
        self.is_timed = is_timed
        self.binary, self.folder = pathlib.Path(binary).resolve(), pathlib.Path(folder)
        self.runs = (runs or self.folder / "runs").resolve()
        for name in MODELS:
            if not (self.runs / name / "report.json").exists():
                self.train(name)

    def train(self, name):
        config = {"data": {"sea": SEA}, "model": MODELS[name], "optimizer": {"adamw": {}},
                  "loader": {"batch_size": 20}, "train": {"epochs": 3}}
        (self.folder / f"{name}.json").write_text(json.dumps(config))
        self.say("train", f"{name}.json", "-q", "--run-dir", str(self.runs / name))

    def say(self, *arguments):
        done = subprocess.run([self.binary, *arguments], cwd=self.folder, capture_output=True, text=True)
        if done.returncode:
            sys.exit(f"zoo {' '.join(arguments)}: {done.stderr}")
        return done.stdout

    def predict(self, name, picture):
        """The probabilities of `zoo predict`, by class."""
        said = self.say("predict", str(self.runs / name), str(picture), "--json", "--top-k", "10", "-q")
        return {row["class"]: row["probability"] for row in json.loads(said)[0]["predictions"]}

    def lab(self):
        names = [*MODELS, *(["live"] if self.is_timed else [])]
        command = [self.binary, "lab", "--bind", "127.0.0.1:0", "-q", *(str(self.runs / name) for name in names)]
        server = subprocess.Popen(command, cwd=self.folder, stdout=subprocess.PIPE, text=True)
        return server, server.stdout.readline().strip().rstrip("/")


class Visit:
    """A page, of which all problems are noted."""

    def __init__(self, context, address, what, zoo, pictures):
        self.address, self.what, self.zoo, self.pictures = address, what, zoo, pictures
        self.context, self.page = context, context.new_page()
        self.page.set_default_timeout(WAIT)
        # Files of this visit.
        self.folder = zoo.folder / what
        self.folder.mkdir(exist_ok=True)
        # What does not depend on the form is checked in the first alone.
        self.is_first = what == ", ".join(map(str, FORMS[0]))
        # A status that is expected: Chromium reports every answer that is no success as an error.
        self.refusal = None
        self.page.on("console", lambda message: message.type in ("error", "warning") and self.note(message.text))
        self.page.on("pageerror", lambda error: self.note(str(error)))
        self.page.on("request", lambda request: self.check_request(request.url))

    def note(self, problem):
        if not (self.refusal and self.refusal in problem):
            note(f"{self.what}: {problem}")

    def check_request(self, url):
        if not url.startswith((self.address + "/", "blob:", "data:")):
            self.note(f"requests {url}")

    def open(self, lesson, **state):
        """Opens a lesson with a state of its own, and waits until it is drawn."""
        self.page.goto("about:blank")
        self.page.goto(f"{self.address}/#{lesson}?{urllib.parse.urlencode(state)}")
        expect(self.page.locator("#lessons [aria-current]")).to_have_count(1)
        self.settle()

    def settle(self):
        expect(self.page.locator("#stage")).not_to_have_attribute("aria-busy", "true")
        expect(self.page.locator("#problem")).to_be_hidden()

    def state(self):
        """The state that the address keeps."""
        return dict(urllib.parse.parse_qsl(self.page.evaluate("location.hash").partition("?")[2]))

    def value(self, selector):
        """A number that the page shows, as exactly as it has it."""
        return float(self.page.locator(selector).get_attribute("data-value"))

    def ask(self, path, **body):
        """What the server answers, without the page: JSON, or a header and numbers."""
        request = urllib.request.Request(self.address + path, json.dumps(body).encode(), {"Content-Type": "application/json"})
        with urllib.request.urlopen(request) as response:
            data, kind = response.read(), response.headers["Content-Type"]
        if kind.startswith("application/json"):
            return json.loads(data)
        (length,) = struct.unpack("<I", data[:4])
        return json.loads(data[4:4 + length]), np.frombuffer(data[4 + length:], "<f4")

    def refused(self, path, status, **body):
        """Notes if the server does not refuse this with `status` and a reason."""
        try:
            self.ask(path, **body)
            note(f"{path} takes {body}")
        except urllib.error.HTTPError as error:
            if error.code != status or not json.loads(error.read()).get("error"):
                note(f"{path}: {error.code}, not {status}, for {body}")

    def save(self, name, what="photo"):
        """A picture that the page offers, saved as `name`."""
        with self.page.expect_download() as download:
            self.page.locator(f"[aria-label='Save picture: {what}']").first.click()
        path = self.folder / name
        download.value.save_as(path)
        return path

    def hover(self, grid, row, column, rows, columns):
        """Points at a cell of a grid."""
        box = grid.bounding_box()
        grid.hover(position={"x": box["width"] * (column + 0.5) / columns, "y": box["height"] * (row + 0.5) / rows})

    def took(self, what, limit, change, done, *arguments):
        """Measures the seconds from `change()` until the page's `done` holds, three times. Notes if the best is above `limit`, or
        without --times above ten times that, since other work may run beside."""
        times = []
        for turn in range(3):
            began = time.monotonic()
            change(turn)
            self.page.wait_for_function(done, arg=arguments[turn] if arguments else None, polling="raf")
            times.append(time.monotonic() - began)
        print(f"  {self.what}: {what}: {', '.join(f'{1000 * t:.0f}' for t in times)} ms", flush=True)
        if min(times) > limit * (1 if self.zoo.is_timed else 10):
            self.note(f"{what} takes {min(times):.3f} s, more than {limit} s")

    def check_layout(self, name, keep=True):
        for what, script in [("overflows", OVERFLOWING), ("has no name", NAMELESS)]:
            for part in self.page.evaluate(script):
                self.note(f"{name}: {what}: {part}")
        if self.pictures and keep:
            self.page.screenshot(path=self.pictures / f"{name}-{self.what.replace(', ', '-')}.png", full_page=True)
