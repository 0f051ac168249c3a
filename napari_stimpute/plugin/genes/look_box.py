"""How spots and tissue image are drawn: size, outline, opacity, and how strong the image is."""

from __future__ import annotations

from qtpy.QtCore import QSignalBlocker, Qt
from qtpy.QtWidgets import QGridLayout, QSlider, QWidget

from ...panels.genes import (
    IMAGE_HELP,
    OUTLINE_HELP,
    OUTLINES,
    SIZE_HELP,
    SIZES,
    GenesPanel,
    LookState,
)
from ..canvas.stage import Stage
from ..widgets.plain import Label

_OPACITIES = (5, 100)
_OPACITY_HELP = "How much of the image shows through the spots."


class LookBox(QWidget):
    """Four sliders in two columns, in per cent."""

    def __init__(self, panel: GenesPanel, stage: Stage, *, label: int) -> None:
        super().__init__()
        self.opacity = _slider("Opacity of the spots", _OPACITIES, _OPACITY_HELP)
        self.diameter = _slider("Size of the spots", SIZES, SIZE_HELP)
        self.outline = _slider("Outline of the spots", OUTLINES, OUTLINE_HELP)
        self.image = _slider("Strength of the tissue image", (0, 100), IMAGE_HELP)
        self.opacity.setValue(100)
        layout = QGridLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setHorizontalSpacing(12)
        layout.setVerticalSpacing(6)
        layout.setColumnMinimumWidth(0, label)
        places = (
            ("Opacity", self.opacity, 0, 0),
            ("Outline", self.outline, 0, 2),
            ("Spot size", self.diameter, 1, 0),
            ("Image", self.image, 1, 2),
        )
        for text, slider, row, column in places:
            name = Label(text)
            name.setBuddy(slider)
            layout.addWidget(name, row, column)
            layout.addWidget(slider, row, column + 1)
        for column in (1, 3):
            layout.setColumnStretch(column, 1)
        self.opacity.valueChanged.connect(lambda value: stage.set_opacity(value / 100))
        self.diameter.valueChanged.connect(lambda value: panel.choose_size(value / 100))
        self.outline.valueChanged.connect(lambda value: panel.choose_outline(value / 100))
        self.image.valueChanged.connect(lambda value: panel.choose_image_opacity(value / 100))

    def draw(self, now: LookState) -> None:
        """Show what is chosen, and why the image cannot be changed."""
        values = (now.size, now.outline, now.image_opacity)
        for slider, value in zip((self.diameter, self.outline, self.image), values, strict=True):
            with QSignalBlocker(slider):
                slider.setValue(round(100 * value))
        self.image.setEnabled(not now.no_image)
        self.image.setToolTip(now.no_image or IMAGE_HELP)


def _slider(name: str, limits: tuple[int, int], help_text: str) -> QSlider:
    slider = QSlider(Qt.Orientation.Horizontal)
    slider.setRange(*limits)
    slider.setPageStep(10)
    slider.setToolTip(help_text)
    slider.setAccessibleName(name)
    return slider
