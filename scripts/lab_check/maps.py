"""Lesson 3."""

import re

import numpy as np
from playwright.sync_api import expect

from lab_check.visit import near


def layer_maps(visit, network, photo, layer):
    header, values = visit.ask("/lab/maps/maps", network=network, photo=photo, layer=layer)
    return header, values.reshape(len(header["channels"]), header["rows"], header["columns"])


def check_maps(visit):
    check_cells(visit)
    check_fields(visit)
    check_exciting(visit)
    for wrong, status in [({"layer": "stages.9", "channel": 0, "row": 0, "column": 0}, 404),
                          ({"layer": "stages.0.block", "channel": 8, "row": 0, "column": 0}, 400),
                          ({"layer": "stages.0.block", "channel": 0, "row": 32, "column": 0}, 400)]:
        visit.refused("/lab/maps/cell", status, network="cnn", photo="cnn/3", **wrong)


def check_cells(visit):
    """The sum behind a cell, worked out from the maps before by a plain loop, leads to the cell's value."""
    page = visit.page
    visit.open("maps", network="cnn", photo="cnn/3")
    expect(page.locator("#layer")).to_contain_text("stages.0.block: convolution 3 × 3")
    page.get_by_role("button", name="Next layer →").click()
    expect(page.locator("#layer")).to_contain_text("stages.0.pooling: max of 2 × 2")
    page.get_by_role("button", name="Next layer →").click()
    expect(page.locator("#layer")).to_contain_text("stages.1.block: convolution 3 × 3")
    _, before = layer_maps(visit, "cnn", "cnn/3", "stages.0.pooling")
    _, after = layer_maps(visit, "cnn", "cnn/3", "stages.1.block")
    page.get_by_role("button", name="map 5", exact=True).click()
    map = page.locator(".grid").nth(1)
    for row, column in [(0, 0), (6, 9), (15, 15)]:
        visit.hover(map, row, column, 16, 16)
        expect(page.locator("#worked h3")).to_contain_text(f"Row {row}, column {column} of map 5")
        near(f"map 5 at {row}, {column}", visit.value("#value"), after[5, row, column], 1e-6)
        cell = visit.ask("/lab/maps/cell", network="cnn", photo="cnn/3", layer="stages.1.block", channel=5, row=row, column=column)
        padded = np.pad(before, ((0, 0), (1, 1), (1, 1))).astype(float)
        loop = 0.0
        for channel in cell["sum"]["channels"]:
            window = padded[channel["channel"], row:row + 3, column:column + 3].ravel()
            near("a window", [value or 0.0 for value in channel["values"]], window, 1e-6)
            loop += float(window @ np.array(channel["weights"]))
        near(f"the sum at {row}, {column}", visit.value("#sum"), loop + cell["sum"]["others"], 1e-4)
        last = [value for how, value in cell["steps"] if not how.startswith("after")][-1]
        near(f"the value at {row}, {column}", cell["value"], max(last, 0.0), 1e-3)
    places = [(3, 4), (10, 9), (11, 2)]
    visit.took("hover over a map", 0.1, lambda turn: visit.hover(map, *places[turn], 16, 16),
               "(text) => document.querySelector('#worked h3').textContent.includes(text)", *(f"Row {row}, column {column} of" for row, column in places))
    visit.check_layout("maps")
    state = visit.state()
    visit.open("maps", **state)
    expect(page.locator("#layer")).to_contain_text("stages.1.block")


def check_fields(visit):
    """A change of the photo outside of the receptive field changes nothing, and one at its edge does."""
    page = visit.page
    layers = {layer["name"]: layer for layer in visit.ask("/lab/maps/layers", network="res", photo="res/1")}
    if layers["stem.0"]["field"] != 3 or layers["stages.0.blocks.0"]["field"] != 7:
        visit.note(f"fields of resnet20: {layers['stem.0']['field']}, {layers['stages.0.blocks.0']['field']}")
    visit.open("maps", network="res", photo="res/1", layer="stages.0.blocks.1")
    map = page.locator(".grid").nth(1)
    visit.hover(map, 20, 12, 32, 32)
    expect(page.locator("#field")).to_have_text("It depends on 11 × 11 pixels of the photo.")
    cell = visit.ask("/lab/maps/cell", network="res", photo="res/1", layer="stages.0.blocks.1", channel=3, row=20, column=12)
    near("the field", cell["field"], [15, 7, 11, 11], 0)
    steps = [value for _, value in cell["steps"]]
    near("a residual block adds up", cell["value"], max(steps[-3] + steps[-2], 0.0), 1e-3)
    visit.open("maps", network="vit", photo="vit/1", layer="blocks.1")
    expect(page.locator("#field")).to_have_text("It depends on the whole photo.")
    cell = visit.ask("/lab/maps/cell", network="vit", photo="vit/1", layer="patch_embedding", channel=2, row=1, column=2)
    near("a patch", cell["field"][2:], [4, 4], 0)


def check_exciting(visit):
    page = visit.page
    visit.open("maps", network="cnn", photo="cnn/3", layer="stages.1.block", map="5")
    page.get_by_role("button", name=re.compile("Which photos excite")).click()
    expect(page.locator("#exciting canvas")).to_have_count(8)
    found = visit.ask("/lab/maps/exciting", network="cnn", photo="cnn/3", layer="stages.1.block", channel=5)
    if found["looked_at"] != 60:
        visit.note(f"{found['looked_at']} photos were looked at, not 60")
    values = [photo["value"] for photo in found["photos"]]
    if values != sorted(values, reverse=True):
        visit.note(f"the exciting photos are in the order {values}")
    header, maps = layer_maps(visit, "cnn", found["photos"][0]["photo"], "stages.1.block")
    near("the most exciting photo", values[0], maps[header["channels"].index(5)].max(), 1e-5)
    page.locator("#exciting button").first.click()
    visit.settle()
    if visit.state().get("photo") != found["photos"][0]["photo"]:
        visit.note("an exciting photo is not shown when it is chosen")
