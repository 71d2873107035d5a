"""Lesson 8."""

import json

from playwright.sync_api import expect



def check_overfitting(visit):
    page = visit.page
    visit.open("overfitting", network="cnn", images=50)
    for side in ["plain", "changed"]:
        expect(page.locator(f"#told-{side}")).to_have_attribute("data-doing", "paused")
        expect(page.locator(f"#told-{side}")).to_have_attribute("data-images", "50")
    sheet = page.locator("#sheet")
    expect(sheet).not_to_have_js_property("naturalWidth", 0)
    before = sheet.get_attribute("src")
    page.get_by_label("Turn").fill("45")
    page.wait_for_function("(before) => document.querySelector('#sheet').src !== before", arg=before)
    if {"rotation": {"degrees": 45}} not in json.loads(sheet.get_attribute("data-augment")):
        visit.note(f"the sheet is of {sheet.get_attribute('data-augment')}")
    page.get_by_role("button", name="Begin anew with these").click()
    expect(page.locator("#told-changed")).to_have_attribute("data-doing", "paused")
    page.get_by_role("button", name="Play", exact=True).click()
    for side in ["plain", "changed"]:
        page.wait_for_function("(id) => Number(document.querySelector(id).dataset.epochs) >= 2", arg=f"#told-{side}")
        expect(page.locator(f"#told-{side}")).to_contain_text("Valid split: ")
    page.get_by_role("button", name="Pause").click()
    expect(page.locator("#told-plain")).to_have_attribute("data-doing", "paused")
    visit.check_layout("overfitting")
    about = {"network": "cnn", "photo": "cnn/0", "visit": "few"}
    visit.refused("/lab/overfitting/open", 400, **about, images=0, augment=[])
    visit.refused("/lab/overfitting/open", 400, **about, images=50, augment=[{"unknown": {}}])
    visit.refused("/lab/overfitting/sheet", 404, **(about | {"visit": "nobody"}), augment=[])
