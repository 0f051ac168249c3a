"""Simple predictions, and their blend."""
