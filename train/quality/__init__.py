"""How good drawings are: figures from DoodleNet, which nobody here trained."""
