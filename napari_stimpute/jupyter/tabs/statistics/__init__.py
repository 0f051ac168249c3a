"""The tab Statistics."""
