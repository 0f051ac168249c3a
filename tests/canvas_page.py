"""A page that draws a canvas as a notebook would, and brings its messages to the widget at once."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Page

_PAGE = """<!doctype html><style>{css} body {{ margin: 12px; }}</style>
<div id="place"></div>"""

_MODEL = """
(text) => {
  const opened = (value) => {
    if (value && value.base64 !== undefined)
      return new DataView(Uint8Array.from(atob(value.base64), (c) => c.charCodeAt(0)).buffer);
    if (Array.isArray(value)) return value.map(opened);
    if (value && typeof value === "object")
      return Object.fromEntries(Object.entries(value).map(([k, v]) => [k, opened(v)]));
    return value;
  };
  const held = {}, told = {};
  window.model = {
    get: (name) => held[name],
    on: (name, act) => (told[name] = [...(told[name] ?? []), act]),
    off: (name, act) => (told[name] = (told[name] ?? []).filter((a) => a !== act)),
    send: (message) => window.said.push(message),
  };
  window.take = (state) => {
    for (const [name, value] of Object.entries(state)) held[name] = opened(value);
    for (const name of Object.keys(state)) (told["change:" + name] ?? []).forEach((act) => act());
  };
  window.tell = (message) => (told["msg:custom"] ?? []).forEach((act) => act(message));
  window.told = told;
  return import(URL.createObjectURL(new Blob([text], { type: "text/javascript" }))).then((made) => {
    window.show = () => (window.end = made.default.render({
      model: window.model, el: document.getElementById("place") }));
  });
}
"""


class CanvasPage:
    """Draws one widget in a browser's page.

    Parameters
    ----------
    widget : an ``anywidget.AnyWidget``
    prepare : script that is run before it is drawn
    """

    def __init__(self, page: Page, widget: Any, *, prepare: str = "() => {}") -> None:
        self.page, self.widget = page, widget
        page.set_content(_PAGE.format(css=widget._css))
        page.evaluate("() => (window.said = [])")
        page.evaluate(_MODEL, str(widget._esm))
        page.evaluate(prepare)
        page.evaluate("(state) => { take(state); show(); }", sent(widget.get_state()))
        self._sent = dict(widget.get_state())
        self._messages: list[dict[str, Any]] = []
        widget.send = lambda message: self._messages.append(message)
        self.settle()

    def settle(self) -> None:
        """Bring what was done in the page to the widget, what it became back, and let it draw."""
        for message in self.page.evaluate("() => said.splice(0)"):
            for act in self.widget._msg_callbacks.callbacks:
                act(self.widget, message, [])
        state = self.widget.get_state()
        changed = {k: v for k, v in state.items() if self._sent.get(k) != v}
        self._sent = dict(state)
        self.page.evaluate("(state) => take(state)", sent(changed))
        while self._messages:
            self.page.evaluate("(message) => tell(message)", self._messages.pop(0))
        self.page.wait_for_timeout(120)

    def settle_until(self, happened: Callable[[], bool]) -> None:
        """Settle until something can be seen."""
        for _turn in range(50):
            self.settle()
            if happened():
                return
        raise AssertionError("it did not happen")

    def pixel(self, x: float, y: float) -> tuple[int, ...]:
        """Red, green, blue of the canvas at shares of its width and height."""
        found = self.page.evaluate(
            """([x, y]) => {
              const c = document.querySelector("canvas"), gl = c.getContext("webgl2");
              const p = new Uint8Array(4);
              gl.readPixels(Math.floor(x * c.width), Math.floor((1 - y) * c.height), 1, 1,
                gl.RGBA, gl.UNSIGNED_BYTE, p);
              return Array.from(p.slice(0, 3));
            }""",
            [x, y],
        )
        return tuple(found)


def sent(value: Any) -> Any:
    """State of a widget as a page can take it, bytes and all."""
    if isinstance(value, bytes | memoryview):
        return {"base64": b64encode(bytes(value)).decode()}
    if isinstance(value, dict):
        return {k: sent(v) for k, v in value.items() if not k.startswith("_")}
    if isinstance(value, list | tuple):
        return [sent(v) for v in value]
    return value
