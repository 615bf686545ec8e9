"""How good drawings are by DoodleNet, a classifier that others trained."""
