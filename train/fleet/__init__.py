"""Many classes at a time."""
