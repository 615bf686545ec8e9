"""The Morph tab."""
