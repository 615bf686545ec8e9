"""The Wall tab."""
