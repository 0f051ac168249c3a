"""The canvas in a notebook: spots on their tissue, or on a map, drawn by the browser."""
