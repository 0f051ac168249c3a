"""Which files can be read."""

ENDINGS = (".h5ad",)
"""Their endings; napari.yaml repeats them."""
