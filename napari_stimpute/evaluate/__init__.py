"""Scores of what a model gives, always beside a simple baseline."""
