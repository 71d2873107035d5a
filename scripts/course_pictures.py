#!/usr/bin/env python3
"""Draws the pictures of docs/course.md: each lesson of `zoo lab` in a headless browser.

    zoo lab runs/quickstart runs/vit-quickstart          # in another terminal
    VENV/bin/python scripts/course_pictures.py http://127.0.0.1:8080 --out docs/course [--only LESSON ...]

Needs playwright 1.56.0 and Pillow.
"""

import argparse
import io
import pathlib
import urllib.parse

from PIL import Image
from playwright.sync_api import expect, sync_playwright

from lab_check.visit import take_from

PHOTO = "quickstart/24"
# The state of each lesson, and a place of a picture that is pointed at: which one, and where in parts of its sides.
LESSONS = {
    "pixels": ({"network": "quickstart", "photo": PHOTO}, (0, 0.45, 0.55)),
    "convolution": ({"network": "quickstart", "photo": PHOTO}, (1, 0.45, 0.5)),
    "maps": ({"network": "quickstart", "photo": PHOTO, "layer": "stages.1.block"}, (1, 0.5, 0.5)),
    "dense": ({"network": "quickstart", "photo": PHOTO}, (1, 0.5, 0.5)),
    "loss": ({"network": "quickstart", "photo": PHOTO, "smoothing": "0.1"}, None),
    "transfer": ({"network": "quickstart", "each": "5"}, None),
    "transformer": ({"network": "vit-quickstart", "photo": PHOTO, "beside": "quickstart"}, (0, 0.5, 0.5)),
    "own": ({"network": "quickstart", "method": "head"}, None),
}


def learn(page):
    """Has both networks of lesson 9 learn."""
    page.get_by_role("button", name="Play", exact=True).click(timeout=120_000)
    for side in ["nothing", "pretrained"]:
        expect(page.locator(f"#told-{side}")).to_have_attribute("data-doing", "finished", timeout=120_000)


def make_own(page, photos):
    """A network for the classes of a folder, 20 photos of each."""
    for place, folder in enumerate(sorted(path for path in photos.iterdir() if path.is_dir())[:2]):
        field = page.locator(".class-name").nth(place)
        field.fill(folder.name)
        field.press("Enter")
        page.get_by_label(f"Photos of {folder.name}", exact=True).set_input_files(sorted(folder.iterdir())[:20])
        expect(page.locator(f"#classes section[aria-label='{folder.name}'] .count")).to_have_text("20 photos", timeout=120_000)
    page.get_by_role("button", name="Train now").click()
    expect(page.locator("#doing")).to_have_attribute("data-doing", "finished", timeout=120_000)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("address")
    parser.add_argument("--out", type=pathlib.Path, required=True)
    parser.add_argument("--only", nargs="+", choices=LESSONS, default=list(LESSONS), metavar="LESSON")
    parser.add_argument("--photos", type=pathlib.Path, help="a folder with a folder for each class, of which lesson 11 takes two")
    parser.add_argument("--browser", default="/usr/bin/chromium")
    parser.add_argument("--page", type=pathlib.Path, help="take the page's parts from these sources")
    args = parser.parse_args()
    args.out.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=args.browser, args=["--no-sandbox"])
        context = browser.new_context(viewport={"width": 1000, "height": 900}, color_scheme="light")
        if args.page:
            take_from(args.page, context)
        page = context.new_page()
        for name in args.only:
            state, pointed = LESSONS[name]
            page.goto("about:blank")
            page.goto(f"{args.address}/#{name}?{urllib.parse.urlencode(state)}")
            expect(page.locator("#lessons [aria-current]")).to_have_count(1, timeout=30_000)
            expect(page.locator("#stage")).not_to_have_attribute("aria-busy", "true", timeout=60_000)
            if pointed:
                number, down, across = pointed
                grid = page.locator(".grid").nth(number)
                box = grid.bounding_box()
                grid.click(position={"x": box["width"] * across, "y": box["height"] * down})
            if name == "transfer":
                learn(page)
            if name == "own":
                if not args.photos:
                    continue
                make_own(page, args.photos)
            page.wait_for_timeout(1000)
            picture = Image.open(io.BytesIO(page.locator("#stage").screenshot())).convert("RGB")
            picture.crop((0, 0, picture.width, min(picture.height, 1000))).quantize(128).save(args.out / f"{name}.png", optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
