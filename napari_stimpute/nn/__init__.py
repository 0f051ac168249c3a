"""Blocks that know tensors only: likelihoods, mixture prior, edges, layers, training loop."""
