"""How a gene is shown: which aspect of it, by which colours, how large."""

from __future__ import annotations

from collections.abc import Callable

import ipywidgets as widgets

from ...panels.gene_aspect import THRESHOLD_HELP, THRESHOLDS
from ...panels.genes import (
    COLORMAP_HELP,
    HIGH_HELP,
    IMAGE_HELP,
    LOW_HELP,
    OUTLINE_HELP,
    OUTLINES,
    SIZE_HELP,
    SIZES,
    GenesPanel,
    GenesState,
)
from ...scene.colours import COLOURMAPS
from ..widgets.controls import MenuBox, control, enable
from ..widgets.loop import Home
from ..widgets.words import Hint, show


class DisplayBox:
    """Draws what of `GenesState` is about the picture."""

    def __init__(self, panel: GenesPanel, home: Home) -> None:
        self.panel, self.home = panel, home
        self.column = MenuBox("Colour by", panel.choose_column, home)
        self.aspect = MenuBox("Show", panel.choose_aspect, home)
        self.colormap = control(
            widgets.Dropdown, "Colours", options=COLOURMAPS, tooltip=COLORMAP_HELP
        )
        home.observe(self.colormap, lambda: panel.choose_colormap(self.colormap.value))
        self.fade = control(widgets.Checkbox, "Fade what is uncertain")
        home.observe(self.fade, lambda: panel.choose_fading(self.fade.value))
        self.low, self.high = _percentile("From", LOW_HELP), _percentile("To", HIGH_HELP)
        for box in (self.low, self.high):
            home.observe(box, lambda: panel.choose_limits(self.low.value, self.high.value))
        self.threshold = self._slider(
            "Likely from", THRESHOLDS, THRESHOLD_HELP, panel.choose_threshold
        )
        self.shares = Hint()
        self.size = self._slider("Spot size", SIZES, SIZE_HELP, panel.choose_size)
        self.outline = self._slider("Outline", OUTLINES, OUTLINE_HELP, panel.choose_outline)
        self.image = self._slider("Tissue image", (0, 100), IMAGE_HELP, panel.choose_image_opacity)
        zeros = [self.threshold, self.shares.widget]
        colours = [self.column.widget, self.low, self.high, self.colormap]
        look = [self.size, self.outline, self.image]
        parts = [self.aspect.widget, *zeros, self.fade, *colours, *look]
        self.widget = widgets.VBox(parts)

    def draw(self, now: GenesState) -> None:
        """Show what is chosen, and why something cannot be."""
        aspect, look = now.aspect, now.look
        self.column.draw(now.column)
        self.aspect.draw(aspect.menu)
        with self.home.quiet():
            self.colormap.value, self.fade.value = now.colormap, aspect.fades
            self.low.value, self.high.value = now.percentiles
            self.threshold.value = round(100 * aspect.threshold)
            self.size.value, self.outline.value = round(100 * look.size), round(100 * look.outline)
            self.image.value = round(100 * look.image_opacity)
        self.fade.tooltip, self.image.tooltip = aspect.fade_help, look.no_image or IMAGE_HELP
        show(self.threshold, aspect.is_zeros)
        self.shares.say(aspect.shares)
        enable(aspect.no_fade, self.fade)
        enable(look.no_image, self.image)
        enable(now.not_open, self.low, self.high)

    def _slider(
        self, title: str, limits: tuple[int, int], help: str, choose: Callable[[float], object]
    ) -> widgets.IntSlider:
        """A slider in per cent; ``choose`` is called with the share."""
        slider = control(
            widgets.IntSlider, f"{title}, %", min=limits[0], max=limits[1], tooltip=help
        )
        slider.continuous_update, slider.readout_format = False, "d"
        self.home.observe(slider, lambda: choose(slider.value / 100))
        return slider


def _percentile(title: str, help: str) -> widgets.BoundedFloatText:
    box = control(widgets.BoundedFloatText, f"{title}, percentile", min=0, max=100, step=0.5)
    box.tooltip = help
    return box
