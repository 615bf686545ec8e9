"""A drawing as pen strokes."""
