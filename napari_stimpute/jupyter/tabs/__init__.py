"""A tab each, under the names that the window has, too."""
