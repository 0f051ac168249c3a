"""The tab Genes."""
