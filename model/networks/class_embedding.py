"""What a network for many classes learns about each of them."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EMBEDDING_DIM = 128  # length of the vector that describes a class before any training


class PerClass(nn.Module):
    """A vector for each class: the class's own row plus a linear map, shared by all classes, of its class embedding.

    The embedding comes from the feature network, which puts classes that look alike near each other. A row learns only
    from drawings of its class; the map learns from all drawings, so a class with few drawings still learns fast. With
    a single class there is only the row.
    """

    def __init__(self, num_classes: int, size: int, initial: float = 0.0):
        super().__init__()
        self.rows = nn.Parameter(torch.full((num_classes, size), initial))
        if num_classes > 1:
            self.shared = nn.Parameter(torch.zeros(size, EMBEDDING_DIM))

    def forward(self, classes: Tensor, embedding: Tensor | None) -> Tensor:
        """Class indices (N,) and their embeddings (N, E), or None with a single class, to vectors (N, size)."""
        rows = self.rows[classes]  # (N, size)
        return rows if embedding is None else rows + F.linear(embedding, self.shared)


def embedding_from(classifier_weight: Tensor) -> Tensor:
    """Class embeddings (K, E): a classifier's last weights (K, E), centred, with a standard deviation of 0.2."""
    centred = classifier_weight - classifier_weight.mean(0)
    return 0.2 * centred / centred.std().clamp_min(1e-9)
