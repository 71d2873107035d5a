"""What all lessons share: the list, the photos, the address, presenting, copying, bad input."""

import re
import subprocess
import time

from playwright.sync_api import expect

from lab_check.visit import Visit, note


def check_frame(visit):
    page = visit.page
    visit.open("pixels")
    lessons = page.locator("#lessons a").all_text_contents()
    if lessons != sorted(lessons, key=lambda text: int(text.split()[0])):
        visit.note(f"lessons: {lessons}")
    expect(page.locator("#photos button")).to_have_count(24)
    page.locator("#photos button").nth(2).click()
    visit.settle()
    if visit.state().get("photo") != page.locator("#photos button").nth(2).get_attribute("value"):
        visit.note(f"the address has {visit.state()}")
    page.locator("#network").select_option("res")
    visit.settle()
    expect(page.locator("#network-about")).to_have_text(re.compile("parameters"))
    page.locator("#think summary").click()
    expect(page.locator("#answer")).to_be_visible()
    check_own_photo(visit)
    check_presenting(visit)
    copy = page.get_by_role("button", name="Copy as command").first
    copy.click()
    if not page.evaluate("navigator.clipboard.readText()").startswith("zoo "):
        visit.note("the command is not copied")


def check_own_photo(visit):
    page = visit.page
    page.set_input_files("#file", files=[{"name": "photo.png", "mimeType": "image/png", "buffer": visit.save("own.png").read_bytes()}])
    expect(page.locator("#photos button[aria-pressed='true']")).to_contain_text("own photo")
    visit.settle()
    visit.refusal = "422"
    page.set_input_files("#file", files=[{"name": "broken.png", "mimeType": "image/png", "buffer": b"no image"}])
    expect(page.locator("#problem")).to_have_text(re.compile("broken.png: .*not JPEG"))
    visit.refusal = "404"
    page.goto("about:blank")
    page.goto(f"{visit.address}/#pixels?photo=own-0000000000000000")
    expect(page.locator("#problem")).to_have_text(re.compile("no longer kept"))
    visit.refusal = None


def check_presenting(visit):
    page = visit.page
    visit.open("pixels")
    small = page.evaluate("parseFloat(getComputedStyle(document.querySelector('#about p')).fontSize)")
    page.locator("#presenter").click()
    visit.settle()
    expect(page.locator("nav")).to_be_hidden()
    if page.evaluate("parseFloat(getComputedStyle(document.querySelector('#about p')).fontSize)") < 1.15 * small:
        visit.note("presenting does not enlarge the type")
    visit.check_layout("presenting")
    title = page.locator("#title").text_content()
    page.keyboard.press("PageDown")
    expect(page.locator("#title")).not_to_have_text(title)
    visit.settle()
    page.keyboard.press("Escape")
    expect(page.locator("nav")).to_be_visible()
    visit.open("pixels")


# What a learner does in a lesson when the server has ended under it.
STOPPED = {
    "pixels": lambda page: page.locator("#photos button").nth(5).click(),
    "convolution": lambda page: page.locator(".grid").nth(1).hover(position={"x": 30, "y": 40}),
    "training": lambda page: page.get_by_role("button", name="One step").click(),
    "own": lambda page: page.get_by_role("button", name="Train now").click(),
}


def check_no_camera(visit):
    """The browser may have the camera, and there is none."""
    visit.page.get_by_role("button", name="Camera", exact=True).first.click()
    expect(visit.page.locator("#problem")).to_have_text(re.compile("The camera cannot be used: .*Choose files instead"))


def check_stopped(visit, lesson):
    """The server has ended under the page."""
    STOPPED[lesson](visit.page)
    expect(visit.page.locator("#problem")).to_have_text(re.compile("does not answer. Is zoo still running"))


def check_first(browser, zoo):
    """Where there is no run, the lab trains some of its own before it opens, and finds them the next time."""
    folder = zoo.folder / "empty"
    folder.mkdir()
    for turn in ["no run", "its own runs"]:
        began = time.monotonic()
        command = [zoo.binary, "lab", "--bind", "127.0.0.1:0", "--lesson", "10"]
        server = subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        address = server.stdout.readline().strip()
        print(f"  {turn}: open after {time.monotonic() - began:.0f} s", flush=True)
        context = browser.new_context()
        try:
            visit = Visit(context, address.partition("/#")[0], turn, zoo, None)
            visit.page.goto(address)
            expect(visit.page.locator("#title")).to_have_text("10 The Vision Transformer")
            networks = visit.page.locator("#network option").all_text_contents()
            if networks != ["quickstart (cnn)", "vit-quickstart (vit)"]:
                note(f"{turn}: the networks are {networks}")
            visit.open("transformer", network="vit-quickstart")
            expect(visit.page.locator("#asked")).to_contain_text("The class token")
        finally:
            context.close()
            server.terminate()
        said = server.communicate()[1]
        if ("are trained first" in said) != (turn == "no run") or "the lab is open" not in said:
            note(f"{turn}: it says {said[-300:]}")
