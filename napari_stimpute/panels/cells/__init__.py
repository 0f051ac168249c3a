"""The sections of the tab Cells."""
