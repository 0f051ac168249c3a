"""What knows AnnData: counts, genes, neighbours, images, files and results. No torch here."""
