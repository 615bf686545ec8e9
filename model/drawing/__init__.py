"""From a request (class, seeds, psi, style) to pixels, and from a drawing back to a latent."""
