"""The command line, `python -m train`: parsing only."""
