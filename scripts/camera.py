"""Keeps a photo of a page's camera in the making, for what may happen meanwhile."""

HOLD = """() => {
  const make = HTMLCanvasElement.prototype.toBlob;
  const held = [];
  HTMLCanvasElement.prototype.toBlob = function (done, ...how) {
    make.call(this, (photo) => held.push(() => done(photo)), ...how);
  };
  window.held = held;
  window.letGo = () => {
    HTMLCanvasElement.prototype.toBlob = make;
    held.forEach((done) => done());
  };
}"""


def hold(page):
    """Waits until a photo is in the making, and keeps it there."""
    page.evaluate(HOLD)
    page.wait_for_function("() => held.length > 0")


def let_go(page):
    """Has the photos be made."""
    page.evaluate("() => letGo()")
