"""Lesson 1."""

import numpy as np
from PIL import Image
from playwright.sync_api import expect

from lab_check.visit import near


def shown(visit):
    """The classes that the page shows, with their probabilities in percent."""
    names = visit.page.locator("#prediction .name").all_text_contents()
    values = visit.page.locator("#prediction .value").all_text_contents()
    return dict(zip(names, (float(value.rstrip(" %")) for value in values)))


def check_against_the_binary(visit, name):
    """What the page says of the picture is what `zoo predict` says of the picture that it saves."""
    picture = visit.save(f"{name}.png")
    expected = visit.zoo.predict("cnn", picture)
    for label, percent in shown(visit).items():
        near(f"{name}: {label}", percent, 100 * expected[label], 0.051)
    return np.asarray(Image.open(picture).convert("RGB"))


def check_pixels(visit):
    page = visit.page
    visit.open("pixels", network="cnn")
    before = check_against_the_binary(visit, "as it is")
    grid = page.locator(".grid")
    visit.hover(grid, 5, 9, 32, 32)
    grid.click(position={"x": grid.bounding_box()["width"] * 9.5 / 32, "y": grid.bounding_box()["height"] * 5.5 / 32})
    for channel, name in enumerate(["red", "green", "blue"]):
        field = page.get_by_label(f"{name}, row 5, column 9")
        expect(field).to_have_value(str(before[5, 9, channel]))
    field = page.get_by_label("green, row 5, column 9")
    value = 255 if before[5, 9, 1] < 128 else 0
    field.fill(str(value))
    field.press("Enter")
    expect(page.locator("#before")).to_contain_text("As it was")
    expect(page.get_by_label("green, row 5, column 9")).to_have_value(str(value))
    after = check_against_the_binary(visit, "edited")
    expected = before.copy()
    expected[5, 9, 1] = value
    near("the edited photo", after, expected, 0)
    for wrong in ["256", "-1", "1.5", "red", ""]:
        page.get_by_label("green, row 5, column 9").fill(wrong)
        page.get_by_label("green, row 5, column 9").press("Enter")
        if page.get_by_label("green, row 5, column 9").evaluate("(e) => e.checkValidity()"):
            visit.note(f"the pixel takes {wrong!r}")
    visit.open("pixels", **visit.state())
    near("the address keeps the edit", check_against_the_binary(visit, "again"), expected, 0)
    page.evaluate("() => { document.querySelector('#said').textContent = ''; }")
    page.get_by_role("button", name="Shuffle all pixels").click()
    expect(page.locator("#said")).to_contain_text("percent")
    mixed = check_against_the_binary(visit, "shuffled")
    near("the shuffled pixels", np.sort(mixed.reshape(-1, 3), axis=0), np.sort(before.reshape(-1, 3), axis=0), 0)
    visit.check_layout("pixels")
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#before")).to_have_text("Nothing is changed.")
    grid.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Shift+ArrowRight")
    expect(page.get_by_label("red, row 6, column 17")).to_be_visible()
    expect(page.locator("#said")).to_contain_text("row 6, column 17")
    visit.refused("/lab/pixels/look", 400, network="cnn", photo="cnn/0", edits=[{"row": 32, "column": 0, "channel": 0, "value": 1}])
    visit.refused("/lab/pixels/look", 400, network="cnn", photo="cnn/0", edits=[{"row": 1, "column": 0, "channel": 0, "value": 256}])
    visit.refused("/lab/pixels/look", 404, network="other", photo="cnn/0")
    visit.refused("/lab/pixels/look", 404, network="cnn", photo="cnn/60")
