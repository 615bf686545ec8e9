"""Carrying out runs: in this process, in a worker, or on a lent GPU."""
