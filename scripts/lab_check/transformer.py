"""Lesson 10."""

import re

import numpy as np
from playwright.sync_api import expect

from lab_check.visit import near


def check_transformer(visit):
    check_attention(visit)
    check_lens(visit)
    check_shuffle(visit)
    check_few(visit)
    check_without(visit)


def check_attention(visit):
    page = visit.page
    visit.open("transformer", network="vit", photo="vit/3")
    expect(page.locator("#tokens")).to_contain_text("32 × 32 pixels in patches of 4 × 4: 64 patches, a class token before them")
    expect(page.locator("#asked")).to_contain_text("The class token")
    grid = page.locator(".grid").first
    visit.hover(grid, 10, 21, 32, 32)
    expect(page.locator("#asked")).to_have_text("Row 2, column 5 of the patches looks at:")
    for edge in ["low", "high"]:
        near("attention adds up", float(page.locator("#sums").get_attribute(f"data-{edge}")), 1, 1e-5)
    header, values = visit.ask("/lab/transformer/attention", network="vit", photo="vit/3", patch=[2, 5])
    shares = values[:2 * 2 * 64].astype(float).reshape(4, 64)
    near("shares of patches and class token", shares.sum(axis=1) + header["elsewhere"], np.ones(4), 1e-5)
    similar = values[2 * 2 * 64:]
    near("a position is like itself", similar[2 * 8 + 5], 1, 1e-5)
    patches = [(0, 0), (4, 1), (7, 7)]
    visit.took("hover over a patch", 0.1, lambda turn: visit.hover(grid, *(4 * place + 1 for place in patches[turn]), 32, 32),
               "(text) => document.querySelector('#asked').textContent.startsWith(text)", *(f"Row {row}, column {column} " for row, column in patches))
    grid.click(position={"x": 5, "y": 5})
    visit.check_layout("transformer")
    visit.open("transformer", **visit.state())
    expect(page.locator("#asked")).to_contain_text("Row 0, column 0")
    page.get_by_role("button", name="Whom the answer looks at").click()
    expect(page.locator("#asked")).to_contain_text("The class token")
    visit.refused("/lab/transformer/attention", 400, network="vit", photo="vit/3", patch=[8, 0])


def check_lens(visit):
    page = visit.page
    visit.open("transformer", network="vit", photo="vit/3")
    lens = visit.ask("/lab/transformer/lens", network="vit", photo="vit/3")
    picture = visit.save("lens.png")
    expected = visit.zoo.predict("vit", picture)
    near("the lens of the last block", lens["steps"][-1]["probability"], expected[lens["class"]], 1e-6)
    names = [step["layer"] for step in lens["steps"]]
    if names != ["patch_embedding", "blocks.0", "blocks.1"]:
        visit.note(f"the lens has {names}")
    expect(page.locator("#lens .value")).to_have_count(3)
    last = page.locator("#lens .value").last.text_content()
    near("the lens as shown", float(last.split(" %")[0]), 100 * expected[lens["class"]], 0.006)
    page.get_by_label("Beside it, on the same photo").select_option("cnn")
    expect(page.locator("#lens h3")).to_have_count(4)
    expect(page.locator("#lens")).to_contain_text("Approximate")
    other = visit.ask("/lab/transformer/lens", network="cnn", photo="vit/3")
    near("the lens of a CNN ends with the network", other["steps"][-1]["probability"], visit.ask("/lab/predict", network="cnn", photo="vit/3")[0]["probability"], 1e-6)
    if not all(0 <= step["agreement"] <= 1 for step in other["steps"][:-1]):
        visit.note("the fitted heads do not say how often they are right")
    visit.check_layout("transformer-beside")


def check_shuffle(visit):
    page = visit.page
    visit.open("transformer", network="vit", photo="vit/3")
    page.get_by_role("button", name="Shuffle tokens with their positions").click()
    expect(page.locator("#shuffled h3")).to_have_text("Tokens shuffled with their positions")
    near("tokens with their positions", visit.value("#moved"), 0, 1e-4)
    page.get_by_role("button", name="Shuffle the pieces").click()
    expect(page.locator("#shuffled h3")).to_have_text("Pieces shuffled, positions stay")
    picture = visit.save("pieces.png", "pieces")
    expected = visit.zoo.predict("vit", picture)
    shown = page.locator("#shuffled .scores li").first
    percent = float(shown.locator(".value").text_content().rstrip(" %"))
    near("the shuffled photo", percent, 100 * expected[shown.locator(".name").text_content()], 0.051)
    if not visit.value("#moved") > 1e-4:
        visit.note("pieces without their positions change nothing")


def check_few(visit):
    """A CNN and a ViT on the same few images."""
    page = visit.page
    page.locator("#few").get_by_label("Images").select_option("50")
    page.get_by_role("button", name="Learn from few").click()
    for side in ["own", "other"]:
        page.wait_for_function("(id) => Number(document.querySelector(id)?.dataset.epochs) >= 2", arg=f"#told-{side}")
        expect(page.locator(f"#told-{side}")).to_have_attribute("data-images", "50")
    expect(page.locator("#few h4").first).to_have_text("vit")
    page.locator("#few").get_by_role("button", name="Pause").click()
    expect(page.locator("#told-other")).to_have_attribute("data-doing", "paused")


def check_without(visit):
    page = visit.page
    visit.open("transformer", network="cnn", photo="cnn/3")
    expect(page.locator("#without")).to_have_text(re.compile("cnn is a cnn: it has no attention.*Choose one that has it above: vit"))
    visit.refused("/lab/transformer/attention", 422, network="cnn", photo="cnn/3")
    visit.refused("/lab/transformer/shuffle", 422, network="cnn", photo="cnn/3", seed=1, pieces=8, with_positions=True)
    page.get_by_role("button", name="Shuffle the pieces").click()
    expect(page.locator("#shuffled h3")).to_have_text("Pieces shuffled, positions stay")
    expect(page.locator("#lens")).to_contain_text("Approximate")
    visit.check_layout("transformer-without")
