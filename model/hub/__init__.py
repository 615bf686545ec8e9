"""The Hugging Face Hub: its client, and collections of checkpoints there."""
