"""GMM-VGAE: spatial domains and denoised genes of a tissue section."""
