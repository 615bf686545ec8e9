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

    rank: for long vectors, the row and the map give this many numbers, from which a second map, shared by all classes,
    makes the vector; 0 for none. That keeps a network of many classes small, and a single class doesn't need it.
    """

    def __init__(self, num_classes: int, size: int, initial: float = 0.0, rank: int = 0):
        super().__init__()
        rank = rank if num_classes > 1 else 0
        self.rows = nn.Parameter(torch.full((num_classes, rank or size), initial))
        if num_classes > 1:
            self.shared = nn.Parameter(torch.eye(rank, EMBEDDING_DIM) if rank else torch.zeros(size, EMBEDDING_DIM))
        if rank:
            self.basis = nn.Parameter(0.02 * torch.randn(size, rank))

    def forward(self, classes: Tensor, embedding: Tensor | None) -> Tensor:
        """Class indices (N,) and their embeddings (N, E), or None with a single class, to vectors (N, size)."""
        rows = self.rows[classes]  # (N, size or rank)
        if embedding is not None:
            rows = rows + F.linear(embedding, self.shared)
        return F.linear(rows, self.basis) if hasattr(self, "basis") else rows


def embedding_from(classifier_weight: Tensor) -> Tensor:
    """Class embeddings (K, E): a classifier's last weights (K, E), centred, with a standard deviation of 0.2."""
    centred = classifier_weight - classifier_weight.mean(0)
    return 0.2 * centred / centred.std().clamp_min(1e-9)
