"""Patterns of a tissue: Moran's I, and the same pipeline on permuted tissue."""
