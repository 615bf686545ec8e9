"""What a checkpoint is and how to draw with it. This package knows neither the page nor training."""
