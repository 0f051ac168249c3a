"""ipywidgets that the panels share."""
