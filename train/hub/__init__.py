"""To the Hugging Face Hub: checkpoints, cards and Spaces."""
