"""The choice of a look."""
