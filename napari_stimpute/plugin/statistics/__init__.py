"""The tabs Variable and Statistics."""
