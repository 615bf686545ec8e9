"""The Yours tab."""
