"""Lesson 4."""

import numpy as np
from playwright.sync_api import expect

from lab_check.visit import near


def check_dense(visit):
    check_pooling(visit)
    check_head(visit)
    asked = {"network": "cnn", "photo": "cnn/3"}
    visit.refused("/lab/dense/pool", 400, layer="stages.1.block", channel=0, size=17, stride=1, **asked)
    visit.refused("/lab/dense/pool", 400, layer="stages.1.block", channel=0, size=2, stride=0, **asked)
    visit.refused("/lab/dense/head", 400, label=10, **asked)
    visit.refused("/lab/dense/head", 400, edits=[{"label": 0, "feature": 99999, "weight": 1}], **asked)


def check_pooling(visit):
    page = visit.page
    visit.open("dense", network="cnn", photo="cnn/3")
    page.get_by_label("Layer").select_option("stages.1.block")
    expect(page.locator("#sizes")).to_contain_text("16 × 16 become")
    page.get_by_label("Map", exact=True).fill("5")
    page.get_by_label("Window", exact=True).fill("4")
    page.get_by_label("Stride", exact=True).fill("3")
    expect(page.locator("#sizes")).to_have_text("16 × 16 become 5 × 5: one number where there were 16.")
    header, values = visit.ask("/lab/maps/maps", network="cnn", photo="cnn/3", layer="stages.1.block")
    map = values.reshape(-1, 16, 16)[header["channels"].index(5)]
    grid = page.locator(".grid").nth(1)
    for row, column in [(0, 0), (2, 3), (4, 4)]:
        visit.hover(grid, row, column, 5, 5)
        window = map[3 * row:3 * row + 4, 3 * column:3 * column + 4]
        page.wait_for_function("(value) => Math.abs(document.querySelector('#largest').dataset.value - value) < 1e-5", arg=float(window.max()))
        near("the largest", visit.value("#largest"), window.max(), 1e-6)
        near("the mean", visit.value("#mean"), window.mean(), 1e-5)
    places = [(1, 1), (3, 0), (0, 4)]

    def change(turn):
        page.evaluate("() => { window.seen = document.querySelector('#window').firstChild; }")
        visit.hover(grid, *places[turn], 5, 5)

    visit.took("hover over a pooled map", 0.1, change, "() => document.querySelector('#window').firstChild !== window.seen")


def check_head(visit):
    page = visit.page
    visit.open("dense", network="cnn", photo="cnn/3")
    expect(page.locator("#way")).to_contain_text("stages.1 16 × 8 × 8 → global_pooling 1024 → head 10")
    page.get_by_label("The weights of").select_option("4")
    expect(page.locator("#score")).to_contain_text("The score of")
    header, values = visit.ask("/lab/dense/head", network="cnn", photo="cnn/3", label=4)
    row, weights, products = values.astype(float).reshape(3, -1)
    near("the products", products, row * weights, 1e-5)
    near("the score", visit.value("#logit"), row @ weights + header["bias"], 1e-3)
    logits = {entry["label"]: entry["logit"] for entry in visit.ask("/lab/predict", network="cnn", photo="cnn/3")}
    near("the score is the network's", header["logit"], logits[4], 1e-5)
    field = page.locator("#weights input").first
    name = field.get_attribute("aria-label")
    map, place = [int(word.strip(",")) for word in name.split() if word.strip(",").isdigit()]
    feature = 64 * map + place
    field.fill("text")
    field.press("Enter")
    if field.evaluate("(e) => e.checkValidity()"):
        visit.note("a weight takes text")
    field.fill("2.5")
    field.press("Enter")
    expected = row @ weights + row[feature] * (2.5 - weights[feature]) + header["bias"]
    page.wait_for_function("(logit) => Math.abs(document.querySelector('#logit').dataset.value - logit) < 1e-3", arg=expected)
    changed, _ = visit.ask("/lab/dense/head", network="cnn", photo="cnn/3", label=4, edits=[{"label": 4, "feature": feature, "weight": 2.5}])
    near("the changed score", visit.value("#logit"), changed["logit"], 1e-6)
    visit.check_layout("dense")
    visit.open("dense", **visit.state())
    near("the address keeps the weight", visit.value("#logit"), changed["logit"], 1e-6)
    page.get_by_role("button", name="Reset the weights").click()
    page.wait_for_function("(logit) => Math.abs(document.querySelector('#logit').dataset.value - logit) < 1e-5", arg=logits[4])
    again = {entry["label"]: entry["logit"] for entry in visit.ask("/lab/predict", network="cnn", photo="cnn/3")}
    if again != logits:
        visit.note("a changed weight changes the network for others")
    for network in ["res", "vit"]:
        visit.open("dense", network=network)
        header, values = visit.ask("/lab/dense/head", network=network, photo=f"{network}/1")
        row, weights, _ = values.astype(float).reshape(3, -1)
        near(f"the score of {network}", header["logit"], row @ weights + header["bias"], 1e-3)
