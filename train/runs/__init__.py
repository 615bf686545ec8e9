"""Runs: folders that hold an order, its state and its results; and their queue."""
