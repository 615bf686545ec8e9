"""A run is a folder: what to train, its state, its place in the queue, and what is kept of it."""
