"""The layers of the canvas."""
