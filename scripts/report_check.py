#!/usr/bin/env python3
"""Opens a report of `zoo compare` or `zoo evaluate` in a headless browser and reports its problems.

    python3 -m venv VENV
    VENV/bin/pip install playwright==1.56.0
    VENV/bin/python scripts/report_check.py REPORT/index.html [--pictures FOLDER] [--browser /usr/bin/chromium]

It checks for console errors, requests to anything outside the file, figures without size, elements that
overflow the page (wide and narrow, light and dark), names that the window cuts off, sorting, and the
tables behind the links. `--pictures` keeps a screenshot of each variant, and the printed page.
"""

import argparse
import base64
import csv
import io
import pathlib
import sys

from playwright.sync_api import sync_playwright

FORMS = [("light", 1280), ("dark", 1280), ("light", 360), ("dark", 360)]
LARGEST = 5_000_000

# Elements that overflow the window to the right and are not inside a scrolling element.
OVERFLOWING = """() => {
  const inScroller = (e) => e && (["auto", "scroll"].includes(getComputedStyle(e).overflowX) || inScroller(e.parentElement));
  const out = [...document.body.querySelectorAll("*")].filter(
    (e) => e.getBoundingClientRect().right > innerWidth + 1 && !inScroller(e) && !e.closest("svg svg, svg *"));
  const page = document.documentElement.scrollWidth > innerWidth ? ["the page itself"] : [];
  return page.concat(out.map((e) => e.outerHTML.slice(0, 80)));
}"""
WITHOUT_SIZE = """() => [...document.querySelectorAll("svg, img, table, figure")]
  .filter((e) => e.checkVisibility() && !(e.getBoundingClientRect().width > 4 && e.getBoundingClientRect().height > 4))
  .map((e) => e.outerHTML.slice(0, 80))"""
COLUMN = """([table, column]) => [...document.querySelectorAll("table.sortable")[table].tBodies[0].rows]
  .map((row) => row.cells[column].dataset.value ?? row.cells[column].textContent)"""


def check_layout(browser, address, pictures):
    for scheme, width in FORMS:
        page = browser.new_page(viewport={"width": width, "height": 800}, color_scheme=scheme)
        page.on("console", lambda message: message.type in ("error", "warning") and (note(message.text)))
        page.on("pageerror", lambda error: note(str(error)))
        page.on("request", lambda request: check_request(request.url, address))
        page.goto(address)
        for name, script in [("overflows", OVERFLOWING), ("has no size", WITHOUT_SIZE)]:
            for part in page.evaluate(script):
                note(f"{scheme}, {width} pixels: {name}: {part}")
        if pictures:
            page.screenshot(path=pictures / f"{scheme}-{width}.png", full_page=True)
            if (scheme, width) == FORMS[0]:
                page.pdf(path=pictures / "print.pdf", format="A4")
        page.close()


def check_sorting(browser, address):
    page = browser.new_page(viewport={"width": 1280, "height": 800})
    page.goto(address)
    sorted_columns = 0
    for table in range(page.locator("table.sortable").count()):
        heads = page.locator("table.sortable").nth(table).locator("thead button")
        for column in range(heads.count()):
            heads.nth(column).click()
            down = page.evaluate(COLUMN, [table, column])
            heads.nth(column).click()
            up = page.evaluate(COLUMN, [table, column])
            try:
                numbers = [float(value) for value in down]
            except ValueError:
                if sorted(down) != sorted(up):
                    note(f"table {table}, column {column}: sorting loses rows")
                continue
            sorted_columns += 1
            if numbers != sorted(numbers, reverse=True) or [float(value) for value in up] != sorted(numbers):
                note(f"table {table}, column {column}: not sorted: {down}, {up}")
    page.close()
    return sorted_columns


def check_data(browser, address):
    page = browser.new_page()
    page.goto(address)
    links = page.evaluate("() => [...document.querySelectorAll('a.data')].map((a) => [a.download, a.href])")
    for name, link in links:
        text = base64.b64decode(link.removeprefix("data:text/csv;base64,")).decode()
        rows = list(csv.reader(io.StringIO(text)))
        if len(rows) < 2 or any(len(row) != len(rows[0]) for row in rows):
            note(f"{name}: not a table: {text[:80]}")
    charts = page.evaluate("() => [...document.querySelectorAll('.charts svg')].map((s) => s.querySelectorAll('title').length)")
    for number, titles in enumerate(charts):
        if titles == 0:
            note(f"chart {number}: shows no value on hover")
    page.close()
    return len(links), len(charts)


PROBLEMS = []


def note(problem):
    if problem not in PROBLEMS:
        PROBLEMS.append(problem)


def check_request(url, address):
    if url != address and not url.startswith("data:"):
        note(f"requests {url}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("page", type=pathlib.Path)
    parser.add_argument("--pictures", type=pathlib.Path)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    args = parser.parse_args()
    if args.pictures:
        args.pictures.mkdir(parents=True, exist_ok=True)
    address = args.page.resolve().as_uri()
    size = args.page.stat().st_size
    if size > LARGEST:
        note(f"{size} bytes, more than {LARGEST}")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=args.browser, args=["--no-sandbox"])
        check_layout(browser, address, args.pictures)
        columns = check_sorting(browser, address)
        links, charts = check_data(browser, address)
        browser.close()
    print(f"{args.page}: {size} bytes, {charts} charts, {links} tables to download, {columns} columns of numbers sorted")
    for problem in PROBLEMS:
        print(f"  {problem}")
    sys.exit(bool(PROBLEMS))


if __name__ == "__main__":
    main()
