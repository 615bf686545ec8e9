"""Training generators."""
