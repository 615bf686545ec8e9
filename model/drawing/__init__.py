"""From what a person asks for to pixels, and from a drawing back to a latent."""
