#!/usr/bin/env python3
"""Takes the course of `zoo lab` in a headless browser, and reports its problems.

    python3 -m venv VENV
    VENV/bin/pip install playwright==1.56.0 numpy pillow
    VENV/bin/python scripts/lab_check.py target/release/zoo [--pictures FOLDER] [--browser /usr/bin/chromium]
        [--only LESSON ...] [--runs FOLDER] [--page crates/zoo-runner/src/lab] [--times] [--first]

It trains a small CNN, a small residual network and a small ViT, opens the lab on them, and uses the controls
of every lesson in `lab_check/`, one file each: what the page shows is compared with what `zoo predict` says,
or with plain loops over the numbers. Wide and narrow, light and dark, it checks for console errors,
requests to anything but the server, elements that overflow, and controls without a name, and takes each lesson with the
keyboard alone (`manners.py`). `--pictures` keeps screenshots. `--page` takes the page's parts from the sources instead of
the binary, so that they can be worked on without building. `--times`, for a machine with nothing else to do, measures
how long the answers to a hover and to a new kernel take, and what live training costs of its speed (`speed.py`).
"""

import argparse
import pathlib
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context

from playwright.sync_api import sync_playwright

from lab_check.frame import STOPPED, check_first, check_frame, check_no_camera, check_stopped
from lab_check.lessons import LESSONS, TIMED
from lab_check.manners import check_manners
from lab_check.own import photos
from lab_check.speed import check_speed, live
from lab_check.visit import FORMS, PROBLEMS, Visit, Zoo, note, take_from

# Forms that are checked side by side.
JOBS = 2


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("zoo")
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--only", nargs="+", choices=LESSONS, default=list(LESSONS), metavar="LESSON")
    parser.add_argument("--runs", type=pathlib.Path, help="take the runs cnn, res and vit of this folder")
    parser.add_argument("--first", action="store_true", help="also open the lab where there is no run yet")
    parser.add_argument("--times", action="store_true", help="measure alone: hovers 100 ms, new kernels 150 ms, training 15 %% slower")
    parser.add_argument("--page", type=pathlib.Path, help="take the page's parts from these sources")
    args = parser.parse_args()
    if args.pictures:
        args.pictures.mkdir(parents=True, exist_ok=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        zoo = Zoo(args.zoo, folder, args.runs, args.times)
        photos(zoo)
        if args.times:
            live(zoo)
        server, address = zoo.lab()
        forms = FORMS[:1] if args.times else FORMS
        try:
            # Side by side, as two learners at one server; alone where times count.
            with ProcessPoolExecutor(JOBS, get_context("spawn")) as pool:
                for problems in pool.map(take_form, forms, repeat(args), repeat(zoo), repeat(address)):
                    PROBLEMS.extend(problem for problem in problems if problem not in PROBLEMS)
            if not args.times:
                with sync_playwright() as playwright:
                    check_end(playwright, args, zoo, server, address)
        finally:
            server.kill()
    print(f"the lab: {len(forms)} forms in {time.monotonic() - began:.0f} s, {len(PROBLEMS)} problems")
    for problem in PROBLEMS:
        print(f"  {problem}")
    sys.exit(bool(PROBLEMS))


def launch(playwright, args, *flags):
    return playwright.chromium.launch(executable_path=args.browser, args=["--no-sandbox", *flags])


def take_form(form, args, zoo, address):
    """Takes the course in a form, in a browser of its own; the problems."""
    scheme, width = form
    PROBLEMS.clear()
    with sync_playwright() as playwright:
        browser = launch(playwright, args, "--use-fake-device-for-media-stream")
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)
        context.grant_permissions(["clipboard-read", "clipboard-write"])
        if args.page:
            take_from(args.page, context)
        visit = Visit(context, address, f"{scheme}, {width}", zoo, args.pictures)
        if args.times:
            for name in TIMED:
                LESSONS[name](visit)
            check_speed(visit)
            return list(PROBLEMS)
        check_frame(visit)
        for name in args.only:
            started = time.monotonic()
            check_manners(visit, name)
            LESSONS[name](visit)
            print(f"  {visit.what}: {name} in {time.monotonic() - started:.0f} s", flush=True)
        browser.close()
    return list(PROBLEMS)


def check_end(playwright, args, zoo, server, address):
    """There is no camera; the server ends under the page; another begins where there is no run."""
    browser = launch(playwright, args)
    visits = [Visit(browser.new_context(permissions=["camera"]), address, "at the end", zoo, None) for _ in STOPPED]
    for visit, lesson in zip(visits, STOPPED):
        visit.open(lesson, network="cnn")
    check_no_camera(visits[list(STOPPED).index("own")])
    for visit in visits:
        visit.refusal = "ERR_CONNECTION_REFUSED"
    server.terminate()
    code = server.wait()
    if code != 0:
        note(f"the server ended with {code}, not 0")
    for visit, lesson in zip(visits, STOPPED):
        check_stopped(visit, lesson)
    if args.first:
        check_first(browser, zoo)
    browser.close()


if __name__ == "__main__":
    main()
