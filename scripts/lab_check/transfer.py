"""Lesson 9."""

import json

from playwright.sync_api import expect

from lab_check.training import lines
from lab_check.visit import near


def finished(page, side):
    expect(page.locator(f"#told-{side}")).to_have_attribute("data-doing", "finished")
    return float(page.locator(f"#told-{side}").get_attribute("data-valid"))


def check_transfer(visit):
    page = visit.page
    visit.open("transfer", network="cnn", each=2)
    expect(page.locator("#stage")).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#source")).to_have_attribute("data-doing", "finished")
    expect(page.locator("#source")).to_contain_text("drawings of other animals (dolphin, sea-turtle, octopus, crab, jellyfish)")
    for side in ["nothing", "pretrained"]:
        expect(page.locator(f"#told-{side}")).to_have_attribute("data-images", "10")
    found = json.loads(page.locator("#glance").get_attribute("data-found"))
    if not 0 <= found["pretrained"]["nearest_centroid_accuracy"] <= 1 or found["nothing"]["k"] != 10:
        visit.note(f"what is seen before the first step: {found}")
    visit.check_layout("transfer")
    if visit.is_first:
        check_trained_here(visit)
        check_network(visit)
        check_refusals(visit)


def check_trained_here(visit):
    """Both sides, and the network before them, do what the lines that the page shows do."""
    page = visit.page
    page.get_by_role("button", name="Play", exact=True).click()
    shown = {side: finished(page, side) for side in ["nothing", "pretrained"]}
    before, *sides = page.locator("#command code").all_text_contents()
    run, _ = lines(visit.zoo, before)
    for side, line in zip(["nothing", "pretrained"], sides):
        _, metrics = lines(visit.zoo, line.replace("runs/before", str(run.relative_to(visit.zoo.folder))))
        valid = [one["accuracy"] for one in metrics if one["split"] == "valid"]
        near(f"{side}: accuracy as zoo train has it", shown[side], valid[-1], 1e-9)


def check_network(visit):
    """The weights of the network above, all of them trained."""
    page = visit.page
    page.get_by_label("Pretrained weights").select_option("network")
    expect(page.locator("#knows")).to_be_visible()
    expect(page.locator("#stage")).not_to_have_attribute("aria-busy", "true")
    page.get_by_label("On the right is trained").select_option("all")
    expect(page.locator("#command code").last).to_contain_text('"freeze":"nothing"')
    expect(page.locator("#stage")).not_to_have_attribute("aria-busy", "true")
    page.get_by_role("button", name="Play", exact=True).click()
    shown = finished(page, "pretrained")
    _, metrics = lines(visit.zoo, page.locator("#command code").last.text_content())
    near("fine-tuned: accuracy as zoo train has it", shown, [one["accuracy"] for one in metrics if one["split"] == "valid"][-1], 1e-9)


def check_refusals(visit):
    about = {"network": "cnn", "photo": "cnn/0", "visit": "x", "from": "nothing", "tuned": "head"}
    visit.refused("/lab/transfer/open", 400, **about, photos={"drawn": 0})
    visit.refused("/lab/transfer/open", 422, **about, photos={"own": "nobody"})
    visit.refused("/lab/transfer/open", 404, **(about | {"from": {"trained": "nobody"}}), photos={"drawn": 5})
    visit.refused("/lab/transfer/glance", 404, network="cnn", photo="cnn/0", visit="nobody")
