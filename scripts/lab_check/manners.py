"""What every lesson owes its learners: keyboard, large type, pictures to save, commands to copy, an address that keeps its
state, room on a phone, contrast, names for screen readers."""

import io
import re

import numpy as np
from PIL import Image
from playwright.sync_api import expect

# Of each lesson: the network; a control, by its role and name; the key that changes it; and what the address then has.
LESSONS = {
    "pixels": ("cnn", "application", "The photo, pixel by pixel", "ArrowRight", "at"),
    "convolution": ("cnn", "slider", "Stride", "ArrowRight", "stride"),
    "maps": ("cnn", "application", "The map", "ArrowDown", "at"),
    "dense": ("cnn", "slider", "Window", "ArrowRight", "size"),
    "loss": ("cnn", "slider", "Label smoothing", "ArrowRight", "smoothing"),
    "backpropagation": ("cnn", "slider", "Learning rate", "ArrowRight", "power"),
    "training": ("cnn", "slider", "Dropout", "ArrowRight", "dropout"),
    "overfitting": ("cnn", "slider", "Turn", "ArrowRight", "turn"),
    "transfer": ("cnn", "combobox", "Images of each class", "ArrowDown", "each"),
    "transformer": ("vit", "application", "The photo in 8 × 8 patches", "ArrowRight", "patch"),
    "own": ("cnn", "button", "Nothing", "Enter", "method"),
}
TABS = 120
# What is drawn while a lesson can be used already.
DRAWN = {"backpropagation": "[data-done='1']"}

# Pictures without a button that saves them. A learner's own photos are files already, and what is drawn on a button is chosen by it.
UNSAVABLE = """() => [...document.querySelectorAll("#stage canvas, #stage svg.chart, #stage img")]
  .filter((e) => e.checkVisibility() && !e.matches(".shots img, .judged img, #tested"))
  .filter((e) => !e.closest("figure:not(:has(.chart)), .pictures")?.querySelector("[aria-label^='Save picture']"))
  .map((e) => e.outerHTML.slice(0, 90))"""
# Pictures that a screen reader could not name.
UNNAMED = """() => [...document.querySelectorAll("#stage canvas, #stage svg.chart")]
  .filter((e) => e.checkVisibility() && !e.closest("[aria-label], button, figure"))
  .map((e) => e.outerHTML.slice(0, 90))"""
# Texts with too little contrast against what is behind them: 4.5 to 1, or 3 to 1 for large type (WCAG 2.2, 1.4.3).
PALE = """() => {
  const context = Object.assign(document.createElement("canvas"), { width: 1, height: 1 }).getContext("2d", { willReadFrequently: true });
  const over = (colours) => {
    context.clearRect(0, 0, 1, 1);
    for (const colour of colours) { context.fillStyle = colour; context.fillRect(0, 0, 1, 1); }
    return [...context.getImageData(0, 0, 1, 1).data];
  };
  const luminance = (rgb) => rgb.slice(0, 3).map((part) => part / 255).map((part) => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4)
    .reduce((sum, part, place) => sum + part * [0.2126, 0.7152, 0.0722][place], 0);
  const found = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const element = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || !element.checkVisibility() || element.closest("option, script, .unseen, .skip, :disabled, video")) continue;
    const style = getComputedStyle(element);
    const behind = [];
    for (let at = element; at; at = at.parentElement) behind.unshift(getComputedStyle(at).backgroundColor);
    const colour = element.closest("svg") ? style.fill : style.color;
    const [back, text] = [over(behind), over([...behind, colour])].map(luminance);
    const ratio = (Math.max(back, text) + 0.05) / (Math.min(back, text) + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || size >= 18.66 && Number(style.fontWeight) >= 700;
    if (ratio < (large ? 3 : 4.5)) found.add(`${ratio.toFixed(2)}: ${element.outerHTML.slice(0, 90)}`);
  }
  return [...found].slice(0, 5);
}"""
BASE = """() => parseFloat(getComputedStyle(document.querySelector("#about p")).fontSize)"""
OUTLINED = """() => { const style = getComputedStyle(document.activeElement); return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2; }"""


def check_manners(visit, lesson):
    network, role, name, key, kept = LESSONS[lesson]
    visit.open(lesson, network=network)
    control = visit.page.locator("#stage").get_by_role(role, name=re.compile("^" + re.escape(name)), exact=False).first
    for what, script in [("is not to be saved", UNSAVABLE), ("has no name", UNNAMED), ("has too little contrast", PALE)]:
        for part in visit.page.evaluate(script):
            visit.note(f"{lesson}: {what}: {part}")
    visit.check_layout(f"{lesson}-first", keep=False)
    check_keyboard(visit, lesson, control, key)
    state = visit.state()
    if kept not in state:
        visit.note(f"{lesson}: the address has {state}, not {kept}, after {key} on {name}")
    check_address(visit, lesson, control, state)
    check_large(visit, lesson)
    if visit.is_first:
        check_commands(visit, lesson)
        check_saved(visit, lesson)


def check_keyboard(visit, lesson, control, key):
    """The control is reached with Tab alone, is then outlined, and heeds the key."""
    page = visit.page
    page.locator(".skip").focus()
    page.keyboard.press("Enter")
    for _ in range(TABS):
        page.keyboard.press("Tab")
        if control.evaluate("(e) => e === document.activeElement"):
            break
    else:
        visit.note(f"{lesson}: {TABS} times Tab do not lead to {control}")
        control.focus()
    if not page.evaluate(OUTLINED):
        visit.note(f"{lesson}: the focus is not to be seen on {control}")
    page.keyboard.press(key)
    visit.settle()


def check_address(visit, lesson, control, state):
    """The address, opened anew, has the same state: what the control shows, and the address itself."""
    def shown():
        return control.evaluate("(e) => e.value || e.getAttribute('aria-pressed') || ''")

    before = shown()
    visit.open(lesson, **state)
    if shown() != before or visit.state() != state:
        visit.note(f"{lesson}: the address keeps {visit.state()}, not {state}; its control {shown()!r}, not {before!r}")


def check_large(visit, lesson):
    """Before an audience: large type, no list, and all of it within the window."""
    page = visit.page
    small = page.evaluate(BASE)
    visit.open(lesson, **visit.state(), present=1)
    expect(page.locator("nav")).to_be_hidden()
    if page.evaluate(BASE) < 1.15 * small:
        visit.note(f"{lesson}: presenting does not enlarge the type")
    visit.check_layout(f"{lesson}-large", keep=False)


def check_commands(visit, lesson):
    """Each line is copied as it stands, and is one of `zoo`."""
    commands = visit.page.locator("#stage .command")
    if commands.count() == 0 and lesson != "own":
        visit.note(f"{lesson}: no command to copy")
    for place in range(commands.count()):
        line = commands.nth(place).locator("code").text_content()
        commands.nth(place).get_by_role("button").click()
        copied = visit.page.evaluate("navigator.clipboard.readText()")
        if copied != line or not line.startswith("zoo "):
            visit.note(f"{lesson}: {line!r} is copied as {copied!r}")


def check_saved(visit, lesson):
    """Every picture that is offered is saved as a PNG of some size that is not of one colour."""
    if lesson in DRAWN:
        expect(visit.page.locator(DRAWN[lesson])).to_be_visible()
    for button in visit.page.locator("#stage [aria-label^='Save picture']:visible").all():
        with visit.page.expect_download() as download:
            button.click()
        picture = Image.open(io.BytesIO(download.value.path().read_bytes())).convert("RGB")
        name = download.value.suggested_filename
        if not name.endswith(".png") or picture.width < 16 or np.asarray(picture).std() == 0:
            visit.note(f"{lesson}: {name} is a picture of {picture.size}, of one colour or too small")
