"""What a network that knows many classes keeps for each of them."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

EMBEDDING_DIM = 128  # length of the vector that says, ahead of all training, what a class is like


class PerClass(nn.Module):
    """A vector for each class: a row of its own, and a map, shared by all, of an embedding of the class.

    The embedding comes from the feature network, where classes that look alike lie near each other. A row learns only
    when its class comes up, the map at every step, so a few drawings go a long way. With a single class only the row
    remains.
    """

    def __init__(self, num_classes: int, size: int, initial: float = 0.0):
        super().__init__()
        self.rows = nn.Parameter(torch.full((num_classes, size), initial))
        if num_classes > 1:
            self.shared = nn.Parameter(torch.zeros(size, EMBEDDING_DIM))

    def forward(self, classes: Tensor, embedding: Tensor | None) -> Tensor:
        """Class indices (N,) and their embeddings (N, E), None with a single class, to vectors (N, size)."""
        rows = self.rows[classes]  # (N, size)
        return rows if embedding is None else rows + F.linear(embedding, self.shared)


def embedding_from(classifier_weight: Tensor) -> Tensor:
    """Class embeddings (K, E): a classifier's last weights (K, E), centred and scaled to a deviation of 0.2."""
    centred = classifier_weight - classifier_weight.mean(0)
    return 0.2 * centred / centred.std().clamp_min(1e-9)
