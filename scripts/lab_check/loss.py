"""Lesson 5."""

import re

import numpy as np
from playwright.sync_api import expect

from lab_check.visit import near


def softmax(logits):
    powers = np.exp(logits - logits.max())
    return powers / powers.sum()


def shown(page, part):
    values = page.locator(f"#{part} .value").all_text_contents()
    return [float(value.rstrip(" %").replace("−", "-")) for value in values]


def check_loss(visit):
    page = visit.page
    visit.open("loss", network="cnn", photo="cnn/3")
    own = visit.ask("/lab/predict", network="cnn", photo="cnn/3")
    logits = np.array([entry["logit"] for entry in own])
    near("the probabilities", shown(page, "probabilities"), 100 * softmax(logits), 0.06)
    near("the loss", visit.value("#loss"), -np.log(softmax(logits)[0]), 1e-4)
    second = own[1]["class"]
    page.get_by_label(second, exact=True).fill("3.5")
    logits[1] = 3.5
    page.get_by_label("The right class").select_option(label=second)
    page.get_by_label("Label smoothing").fill("0.2")
    expect(page.locator("#worked")).to_contain_text("of the whole target")
    page.wait_for_load_state("networkidle")
    probabilities = softmax(logits)
    target = np.full(10, 0.02)
    target[1] += 0.8
    near("probabilities of moved scores", shown(page, "probabilities"), 100 * probabilities, 0.06)
    near("the smoothed loss", visit.value("#loss"), -(target * np.log(probabilities)).sum(), 1e-4)
    near("the gradients", shown(page, "gradients"), probabilities - target, 1e-4)
    visit.check_layout("loss")
    visit.open("loss", **visit.state())
    near("the address keeps it", visit.value("#loss"), -(target * np.log(probabilities)).sum(), 1e-4)
    before = shown(page, "probabilities")
    page.get_by_role("button", name="Add 5 to every score").click()
    if max(float(field.input_value()) for field in page.locator("#scores input").all()) < 15:
        page.wait_for_load_state("networkidle")
        near("5 more for every score", shown(page, "probabilities"), before, 0.06)
    page.get_by_role("button", name="Reset", exact=True).click()
    expect(page.locator("#worked")).to_contain_text(re.compile("= −ln"))
    values = [2, -1, 4]

    def change(turn):
        page.evaluate("() => { window.loss = document.querySelector('#loss'); }")
        page.get_by_label(second, exact=True).fill(str(values[turn]))

    visit.took("a dragged score", 0.1, change, "() => document.querySelector('#loss') !== window.loss")
    asked = {"network": "cnn", "photo": "cnn/3"}
    visit.refused("/lab/loss/worked", 400, label_smoothing=1.0, **asked)
    visit.refused("/lab/loss/worked", 400, target=10, **asked)
    visit.refused("/lab/loss/worked", 400, scores=[{"label": 0, "logit": 1e9}], **asked)
