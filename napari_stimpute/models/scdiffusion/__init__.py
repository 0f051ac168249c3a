"""scDiffusion: generates cells of wished conditions."""
