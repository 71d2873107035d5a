"""Lesson 11: from photos to an exported network, and all that can go wrong on the way."""

import json
import re
import subprocess
import urllib.request

import numpy as np
from PIL import Image
from playwright.sync_api import expect

import camera
from lab_check.visit import near

BROKEN = {"name": "broken.jpg", "mimeType": "image/jpeg", "buffer": b"no image"}


def photos(zoo):
    """Two classes of eight photos in a folder: warm and cold noise."""
    folder = zoo.folder / "own"
    if not folder.exists():
        draw = np.random.default_rng(0)
        for name, warm in [("dolphin", 0), ("crab", 1)]:
            (folder / name).mkdir(parents=True)
            for number in range(8):
                pixels = draw.integers(0, 160, (40, 56, 3), dtype=np.uint8)
                pixels[..., 0 if warm else 2] += np.uint8(90)
                Image.fromarray(pixels).save(folder / name / f"{number}.png")
    return folder


def name_classes(visit, names):
    fields = visit.page.locator(".class-name")
    expect(fields).to_have_count(2)
    for place, name in enumerate(names):
        fields.nth(place).fill(name)
        fields.nth(place).press("Enter")
        expect(visit.page.locator(f"#classes section[aria-label='{name}']")).to_be_visible()


def train(visit, method):
    """Trains, and waits for the end; the visit's name."""
    page = visit.page
    page.get_by_role("group", name="Begin with").get_by_role("button", name=method).click()
    with page.expect_request("**/lab/own/open") as request:
        page.get_by_role("button", name="Train now").click()
    page.wait_for_function("() => ['finished', 'failed', 'run-away'].includes(document.querySelector('#doing').dataset.doing)")
    if page.locator("#doing").get_attribute("data-doing") != "finished":
        visit.note(f"training says {page.locator('#doing').text_content()}")
    return json.loads(request.value.post_data)["visit"]


def check_own(visit):
    page, folder = visit.page, photos(visit.zoo)
    visit.context.clear_permissions()
    visit.context.grant_permissions(["clipboard-read", "clipboard-write"])
    visit.open("own", network="cnn")
    name_classes(visit, ["dolphin", "crab"])
    check_too_few(visit, folder)
    for name in ["dolphin", "crab"]:
        page.get_by_label(f"Photos of {name}", exact=True).set_input_files(sorted((folder / name).iterdir()))
        expect(page.locator(f"#classes section[aria-label='{name}'] .count")).to_have_text("8 photos")
    name = train(visit, "A new head on the network above")
    check_numbers(visit, name)
    check_cell(visit, name)
    check_test(visit, name, folder)
    check_save(visit, name)
    visit.check_layout("own")
    check_camera(visit)
    if visit.is_first:
        check_again(visit)
        check_refusals(visit, name)


def check_too_few(visit, folder):
    """One photo, no photo, a file that is none."""
    page = visit.page
    field = page.get_by_label("Photos of dolphin", exact=True)
    visit.refusal = "422"
    field.set_input_files([BROKEN])
    expect(page.locator("#left-out")).to_have_text(re.compile("broken.jpg: .*not JPEG"))
    field.set_input_files([folder / "dolphin" / "0.png"])
    expect(page.locator(".count").first).to_have_text("1 photo")
    page.get_by_role("button", name="Train now").click()
    expect(page.locator("#problem")).to_have_text(re.compile("dolphin has one photo: two or more are wanted"))
    page.get_by_label("Take photo 1 of dolphin away").click()
    expect(page.locator(".count").first).to_have_text("0 photos")
    page.get_by_role("button", name="Train now").click()
    expect(page.locator("#problem")).to_have_text(re.compile("dolphin has no photo"))
    visit.refusal = "400"
    page.locator(".class-name").first.fill("../dolphin")
    page.locator(".class-name").first.press("Enter")
    expect(page.locator("#problem")).to_have_text(re.compile("a name that becomes a folder cannot have"))
    page.locator(".class-name").first.fill("CRAB")
    page.locator(".class-name").first.press("Enter")
    expect(page.locator("#problem")).to_have_text(re.compile("there is a class \"CRAB\" already"))
    expect(page.locator(".class-name").first).to_have_value("dolphin")
    visit.refusal = None


def check_numbers(visit, name):
    """The page shows what the server counts."""
    page = visit.page
    scored = visit.ask("/lab/own/scored", network="cnn", photo="cnn/0", visit=name)
    apart = [one for one in scored if not one["learned"]]
    right = sum(one["label"] == one["prediction"] for one in apart) / len(apart)
    if (len(scored), len(apart)) != (16, 4):
        visit.note(f"{len(scored)} photos, {len(apart)} of them kept apart")
    near("accuracy of one's own network", float(page.locator("#doing").get_attribute("data-best")), right, 1e-9)
    cells = [int(text) for text in page.locator("#confusion td").all_text_contents()]
    if sum(cells) != 4 or cells[0] + cells[3] != round(4 * right):
        visit.note(f"the confusion matrix is {cells}")


def check_cell(visit, name):
    """A cell of the table shows its photos, and one of them goes to another class and back."""
    page = visit.page
    page.locator("#confusion button").first.click()
    expect(page.locator("#cell li").first).to_be_visible()
    count = page.locator("#cell li").count()
    said = page.locator("#cell h3").text_content()
    if not said.endswith(f": {count}"):
        visit.note(f"{count} photos under {said}")
    select = page.locator("#cell select").first
    before = select.input_value()
    other = {"dolphin": "crab", "crab": "dolphin"}[before]
    for to, counts in [(other, (7, 9)), (before, (8, 8))]:
        select.select_option(to)
        expect(page.locator(f"#classes section[aria-label='{before}'] .count")).to_have_text(f"{counts[0]} photos")
        expect(page.locator(f"#classes section[aria-label='{other}'] .count")).to_have_text(f"{counts[1]} photos")
    expect(page.locator("#doing")).to_contain_text("Photos have changed since")


def check_test(visit, name, folder):
    page = visit.page
    page.get_by_label("A photo to test").set_input_files([folder / "crab" / "7.png"])
    expect(page.locator("#said-of-photo .name").first).to_be_visible()
    shown = json.loads(page.locator("#said-of-photo").get_attribute("data-said"))
    near("probabilities of the test", sum(one["probability"] for one in shown), 1, 1e-5)
    visit.own_said = {one["class"]: one["probability"] for one in shown}
    visit.refusal = "422"
    page.get_by_label("A photo to test").set_input_files([BROKEN])
    expect(page.locator("#problem")).to_have_text(re.compile("not JPEG"))
    visit.refusal = None


def check_save(visit, name):
    """Nothing is written before; what is saved says the same as the page, and is what zoo train makes."""
    page, zoo = visit.page, visit.zoo
    run = f"own-{visit.what.replace(', ', '-')}"
    field = page.get_by_label("Name of the run")
    visit.refusal = "400"
    field.fill("../elsewhere")
    page.get_by_role("button", name="Save as a run").click()
    expect(page.locator("#problem")).to_have_text(re.compile("cannot have '/'"))
    visit.refusal = None
    if (zoo.folder / "elsewhere").exists() or (zoo.folder / "runs" / run).exists():
        visit.note("something is written before a run is saved")
    field.fill(run)
    page.get_by_role("button", name="Save as a run").click()
    expect(page.locator("#saved")).to_contain_text(f"Saved in runs/{run}")
    accuracy = json.loads((zoo.folder / "runs" / run / "report.json").read_text())["accuracy"]
    expect(page.locator("#network option").filter(has_text=run)).to_have_count(1)
    near("accuracy of the saved run", float(page.locator("#doing").get_attribute("data-best")), accuracy, 1e-9)
    files = check_exports(visit, run)
    if not visit.is_first:
        return
    visit.refusal = "422"
    page.get_by_role("button", name="Save as a run").click()
    expect(page.locator("#problem")).to_have_text(re.compile("is there already: choose another name"))
    visit.refusal = None
    (said,) = json.loads(zoo.say("predict", f"runs/{run}", str(photos(zoo) / "crab" / "7.png"), "--json", "--top-k", "2", "-q"))
    said = {row["class"]: row["probability"] for row in said["predictions"]}
    near("zoo predict of the saved run", [said["crab"], said["dolphin"]], [visit.own_said["crab"], visit.own_said["dolphin"]], 1e-6)
    evaluated = json.loads(zoo.say("evaluate", f"runs/{run}", "--split", "valid", "--json", "-q"))
    near("zoo evaluate of the saved run", evaluated["accuracy"], accuracy, 1e-9)
    zoo.say("train", f"runs/{run}/config.json", "--run-dir", f"runs/{run}-again", "-q")
    hashes = [json.loads((zoo.folder / "runs" / name / "manifest.json").read_text())["weight_hash"] for name in [run, f"{run}-again"]]
    if hashes[0] != hashes[1]:
        visit.note(f"zoo train makes other weights than the lesson: {hashes}")
    check_served(visit, run)
    if files["onnx"].read_bytes() != (zoo.folder / "runs" / run / "onnx" / f"{run}.onnx").read_bytes():
        visit.note("the ONNX file that was downloaded is another than the one that was written")


def check_exports(visit, run):
    files = {}
    for format, button in [("safetensors", "Weights (safetensors)"), ("onnx", "Network (ONNX)")]:
        with visit.page.expect_download() as download:
            visit.page.get_by_role("button", name=button).click()
        files[format] = visit.folder / f"{run}.{format}"
        download.value.save_as(files[format])
    if files["safetensors"].read_bytes() != (visit.zoo.folder / "runs" / run / "model.safetensors").read_bytes():
        visit.note("the weights that were downloaded are not those of the run")
    return files


def check_served(visit, run):
    """zoo serve takes the saved run."""
    command = [visit.zoo.binary, "serve", f"runs/{run}", "--bind", "127.0.0.1:0", "-q"]
    server = subprocess.Popen(command, cwd=visit.zoo.folder, stdout=subprocess.PIPE, text=True)
    try:
        address = server.stdout.readline().strip().rstrip("/")
        with urllib.request.urlopen(f"{address}/models") as answer:
            classes = json.load(answer)[0]["classes"]
        if classes != ["crab", "dolphin"]:
            visit.note(f"zoo serve has the classes {classes}")
    finally:
        server.terminate()
        server.wait()


def check_camera(visit):
    """Without a right to it, the page says so; with one, photos are taken, and the network looks at them."""
    page = visit.page
    card = page.locator("#classes section[aria-label='crab']")
    test = page.locator("#stage > .camera")
    card.get_by_role("button", name="Camera", exact=True).click()
    expect(page.locator("#problem")).to_have_text(re.compile("The camera cannot be used: .*Choose files instead"))
    visit.context.grant_permissions(["camera", "clipboard-read", "clipboard-write"])
    card.get_by_role("button", name="Camera", exact=True).click()
    card.get_by_role("button", name="One photo").click()
    expect(card.locator(".count")).to_have_text("9 photos")
    card.get_by_role("button", name="Take many").click()
    expect(card.locator(".count")).to_have_text(re.compile("^1[1-9] photos"))
    camera.hold(page)
    taken = card.locator(".count").text_content()
    card.get_by_role("button", name="Camera off").click()
    expect(card.locator("video")).to_be_hidden()
    camera.let_go(page)
    page.wait_for_timeout(500)
    if card.locator(".count").text_content() != taken:
        visit.note("the camera goes on after it was turned off")
    page.locator("#said-of-photo").evaluate("(element) => element.replaceChildren()")
    test.get_by_role("button", name="Camera", exact=True).click()
    test.get_by_role("button", name="Live").click()
    expect(page.locator("#said-of-photo .name").first).to_be_visible()
    test.get_by_role("button", name="Camera off").click()


def check_again(visit):
    """The photos are there when the page is loaded again, and not in another browser; a CNN from nothing learns, too."""
    page = visit.page
    page.reload()
    visit.settle()
    expect(page.locator("#classes section[aria-label='dolphin'] .count")).to_have_text("8 photos")
    expect(page.locator("#saved")).to_contain_text("Saved in runs/")
    train(visit, "Nothing")
    expect(page.locator("#doing")).to_contain_text("Epoch 20 of 20")
    other = visit.context.browser.new_context()
    try:
        second = other.new_page()
        second.goto(f"{visit.address}/#own?network=cnn")
        expect(second.locator(".class-name")).to_have_count(2)
        expect(second.locator("#brought")).to_have_attribute("data-photos", "0")
    finally:
        other.close()


def check_refusals(visit, name):
    about = {"network": "cnn", "photo": "cnn/0", "visit": name}
    visit.refused("/lab/own/change", 404, **about, change={"remove": {"photo": 999}})
    visit.refused("/lab/own/change", 404, **about, change={"move": {"photo": 0, "to": "nobody"}})
    visit.refused("/lab/own/change", 400, **about, change={"unknown": {}})
    visit.refused("/lab/own/save", 404, **(about | {"visit": "nobody"}), name="x")
    visit.refused("/lab/own/open", 422, **(about | {"visit": "nobody"}), method="head")
    visit.refused("/lab/own/open", 400, **about, method="other")
    visit.refused("/lab/own/scored", 404, **(about | {"visit": "nobody"}))
