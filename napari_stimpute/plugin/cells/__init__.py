"""The tab Cells."""
