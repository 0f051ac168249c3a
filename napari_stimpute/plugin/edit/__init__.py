"""The tab Edit."""
