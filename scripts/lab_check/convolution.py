"""Lesson 2."""

import io
import re
import urllib.request

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from lab_check.visit import near

KERNEL = "[[1, 2, 1], [0, 0, 0], [-1, -2, -1]]"


def convolved(picture, kernel, stride, padding):
    """A plain loop."""
    picture = np.pad(picture, ((0, 0), (padding, padding), (padding, padding)))
    side = kernel.shape[1]
    rows, columns = [(length - side) // stride + 1 for length in picture.shape[1:]]
    map = np.zeros((rows, columns))
    for row in range(rows):
        for column in range(columns):
            window = picture[:, row * stride:row * stride + side, column * stride:column * stride + side]
            map[row, column] = (window * kernel).sum()
    return map


def type_kernel(page, text):
    for field, value in zip(page.locator("#kernel input").all(), text.split()):
        field.fill(value)
        field.press("Enter")


def settle(page):
    page.wait_for_load_state("networkidle")


def check_convolution(visit):
    page = visit.page
    visit.open("convolution", network="cnn", photo="cnn/3")
    grey = np.asarray(Image.open(visit.save("grey.png")).convert("L"), dtype=float)
    type_kernel(page, "1 2 1 0 0 0 -1 -2 -1")
    settle(page)
    kernel = np.array([[[1, 2, 1], [0, 0, 0], [-1, -2, -1]]], dtype=float)
    header, values = visit.ask("/lab/convolution/map", network="cnn", photo="cnn/3", kernel={"typed": kernel[0].tolist()}, stride=1, padding=1)
    picture, rows = values[:32 * 32].reshape(1, 32, 32), header["rows"]["output"]
    expected = convolved(picture, kernel, 1, 1)
    near("the map", values[32 * 32:].reshape(rows, -1), expected, 1e-2)
    map = page.locator(".grid").nth(1)
    for row, column in [(0, 0), (7, 12), (31, 31)]:
        visit.hover(map, row, column, 32, 32)
        expect(page.locator("#worked h3")).to_have_text(f"Row {row}, column {column} of the map")
        near(f"the sum at {row}, {column}", visit.value("#sum"), expected[row, column], 1e-2)
    places = [(3, 4), (20, 9), (11, 30)]
    visit.took("hover over the map", 0.1, lambda turn: visit.hover(map, *places[turn], 32, 32),
               "(text) => document.querySelector('#worked h3').textContent === text", *(f"Row {row}, column {column} of the map" for row, column in places))
    check_sizes(visit)
    check_own_filter(visit)
    check_wrong(visit)
    check_large_photo(visit)


def check_sizes(visit):
    page = visit.page
    page.get_by_label("Stride").fill("2")
    page.get_by_label("Padding").fill("0")
    expect(page.locator("#formula")).to_contain_text("Rows: (32 + 2 · 0 − 3) / 2 + 1 = 29 / 2 + 1 = 15")
    expect(page.locator("#formula .bad").first).to_contain_text("does not fit: the last pixel is seen by no window")
    page.get_by_role("button", name="7 × 7").click()
    page.get_by_role("button", name="Blur", exact=True).click()
    expect(page.locator("#formula")).to_contain_text("(32 + 2 · 0 − 7) / 2 + 1 = 25 / 2 + 1 = 13")
    visit.check_layout("convolution")
    before = visit.state()
    visit.open("convolution", **before)
    expect(page.locator("#formula")).to_contain_text("25 / 2 + 1 = 13")
    if len(page.locator("#kernel input").all()) != 49:
        visit.note("the address does not keep the kernel")


def check_own_filter(visit):
    page = visit.page
    visit.open("convolution", network="cnn", photo="cnn/3")
    page.get_by_label("or one of the network's own").select_option("2")
    expect(page.locator("#kernel caption").first).to_have_text("Filter 2, red")
    settle(page)
    own, weights = visit.ask("/lab/convolution/filters", network="cnn", photo="cnn/3")
    kernel = weights.reshape(own["count"], own["channels"], own["rows"], own["columns"])[2].astype(float)
    header, values = visit.ask("/lab/convolution/map", network="cnn", photo="cnn/3", kernel={"own": 2}, stride=own["stride"], padding=own["padding"])
    picture = values[:3 * 32 * 32].reshape(3, 32, 32)
    expected = convolved(picture, kernel, own["stride"], own["padding"])
    near("the map of filter 2", values[3 * 32 * 32:].reshape(expected.shape), expected, 1e-4)
    visit.hover(page.locator(".grid").nth(1), 7, 12, *expected.shape)
    expect(page.locator("#worked h3")).to_have_text("Row 7, column 12 of the map")
    near("the sum of filter 2", visit.value("#sum"), expected[7, 12], 1e-4)


def check_wrong(visit):
    page = visit.page
    visit.open("convolution", network="cnn", photo="cnn/3")
    page.get_by_role("button", name="All zeros").click()
    expect(page.locator("#formula .bad")).to_contain_text("A kernel of zeros finds nothing")
    field = page.locator("#kernel input").first
    for wrong in ["text", "1/0", "", "1e999"]:
        field.fill(wrong)
        field.press("Enter")
        if field.evaluate("(e) => e.checkValidity()"):
            visit.note(f"the kernel takes {wrong!r}")
    field.fill("1/4")
    field.press("Enter")
    settle(page)
    if not visit.state().get("kernel", "").startswith("0.25~0"):
        visit.note(f"a fraction in the kernel gives {visit.state().get('kernel')}")
    asked = {"network": "cnn", "photo": "cnn/3", "stride": 1, "padding": 0}
    for kernel in [{"typed": [[1.0] * 4] * 4}, {"typed": [["a"] * 3] * 3}, {"typed": []}]:
        visit.refused("/lab/convolution/map", 400, kernel=kernel, **asked)
    visit.refused("/lab/convolution/map", 404, kernel={"own": 999}, **asked)
    visit.refused("/lab/convolution/map", 400, kernel={"own": 0}, **(asked | {"stride": 0}))


def check_large_photo(visit):
    """A new kernel on a photo of 224 pixels."""
    page = visit.page
    noise = Image.fromarray(np.random.default_rng(0).integers(0, 256, (224, 224, 3), dtype=np.uint8))
    buffer = io.BytesIO()
    noise.save(buffer, "PNG")
    request = urllib.request.Request(visit.address + "/lab/photos", buffer.getvalue())
    with urllib.request.urlopen(request) as response:
        photo = re.search("own-[0-9a-f]+", response.read().decode())[0]
    visit.open("convolution", network="cnn", photo=photo)
    expect(page.locator("#formula")).to_contain_text("(224 + 2 · 1 − 3) / 1 + 1 = 223 / 1 + 1 = 224")
    page.evaluate("() => { window.caption = document.querySelectorAll('figcaption span')[1]; }")
    names = ["Upright edges", "Sharpen", "Blur"]

    def change(turn):
        page.evaluate("() => { window.before = window.caption.textContent; }")
        page.get_by_role("button", name=names[turn], exact=True).click()

    for side in [3, 5, 7]:
        page.get_by_role("button", name=f"{side} × {side}").click()
        expect(page.locator("#formula")).to_contain_text(f"+ 2 · 1 − {side}) / 1")
        settle(page)
        visit.took(f"a new kernel of {side} × {side} on 224 px", 0.15, change, "() => window.caption.textContent !== window.before")
