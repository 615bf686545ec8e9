"""A discriminator that judges pixels: how real does a drawing look, for one class or for many at once."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.class_embedding import PerClass


class Discriminator(nn.Module):
    """A plain convolutional network with a projection head, without norms because it trains better without them.

    The head follows Miyato and Koyama 2018, "cGANs with Projection Discriminator", eq. 3: one linear map for all
    classes plus one vector per class. One more channel holds how much the features vary over the batch (Karras et al.
    2018, "Progressive Growing of GANs", section 3), so the network notices a generator that always draws the same.
    """

    def __init__(self, channels: int = 32, num_classes: int = 1):
        super().__init__()
        self.to14 = nn.Conv2d(1, channels, 4, 2, 1)
        self.to7 = nn.Conv2d(channels, 2 * channels, 4, 2, 1)
        self.at7 = nn.Conv2d(2 * channels, 2 * channels, 3, 1, 1)
        self.to4 = nn.Conv2d(2 * channels + 1, 4 * channels, 3, 2, 1)
        self.to_logit = nn.Linear(4 * channels * 16, 1)
        self.of_class = PerClass(num_classes, 4 * channels * 16)

    def features(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to features (N, 64C)."""
        x = F.leaky_relu(self.to14(ink), 0.2)  # (N, C, 14, 14)
        x = F.leaky_relu(self.to7(x), 0.2)  # (N, 2C, 7, 7)
        x = F.leaky_relu(self.at7(x), 0.2)  # (N, 2C, 7, 7)
        x = torch.cat([x, batch_spread(x)], dim=1)  # (N, 2C + 1, 7, 7)
        x = F.leaky_relu(self.to4(x), 0.2)  # (N, 4C, 4, 4)
        return x.flatten(1)

    def forward(self, ink: Tensor, classes: Tensor | None = None, embedding: Tensor | None = None) -> Tensor:
        """Ink (N, 1, 28, 28), class indices (N,), all 0 by default, and their embeddings (N, E) to logits (N,)."""
        if classes is None:
            classes = torch.zeros(len(ink), dtype=torch.long, device=ink.device)
        x = self.features(ink)  # (N, 64C)
        return self.to_logit(x).squeeze(1) + (x * self.of_class(classes, embedding)).sum(1)  # (N,)


def batch_spread(x: Tensor) -> Tensor:
    """The mean standard deviation of x (N, C, H, W) over the batch, as one more channel (N, 1, H, W)."""
    deviation = (x.var(0, unbiased=False) + 1e-8).sqrt().mean()
    return deviation.expand(len(x), 1, *x.shape[2:])
