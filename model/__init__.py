"""What a checkpoint is and how to draw with it. Knows neither the page nor training."""
