"""scIMTA: clusters of cells explained by communities of genes."""
