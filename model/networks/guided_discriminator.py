"""Our discriminator: it judges a drawing by its pixels and by what the feature network sees in it."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.class_embedding import EMBEDDING_DIM, PerClass
from model.networks.discriminator import Discriminator
from model.networks.feature_network import CHANNELS, FeatureNetwork
from model.quickdraw.classes import CLASS_NAMES


class Head(nn.Module):
    """Judges a feature map, for one class or for many at once, by a projection as in `Discriminator`."""

    def __init__(self, convolution: nn.Conv2d, num_features: int, num_classes: int):
        super().__init__()
        self.convolution = convolution
        self.to_logit = nn.Linear(num_features, 1)
        self.of_class = PerClass(num_classes, num_features)

    def forward(self, x: Tensor, classes: Tensor, embedding: Tensor | None) -> Tensor:
        """x (N, C, H, W), classes (N,), embedding (N, E) -> logits (N,)."""
        x = F.leaky_relu(self.convolution(x), 0.2).flatten(1)  # (N, F)
        return self.to_logit(x).squeeze(1) + (x * self.of_class(classes, embedding)).sum(1)


class GuidedDiscriminator(nn.Module):
    """Four logits: of the pixels, of two maps of the feature network, and of how recognisable the class is.

    With the features of a trained network, a GAN learns faster and more diversely from few drawings (Sauer et al. 2021,
    "Projected GANs Converge Faster"). The last logit uses how likely the feature network finds the drawing's class:
    it exposes fakes that are less recognisable than real drawings, and also those that are more so.

    recognised (num_classes, 345): 1 for the dataset's classes that each of our classes consists of, else 0.
    """

    class_embedding: Tensor  # (num_classes, E); only with several classes
    recognised: Tensor

    def __init__(self, channels: int = 16, num_classes: int = 1):
        super().__init__()
        self.pixels = Discriminator(channels, num_classes)
        self.feature_network = FeatureNetwork()
        self.head7 = Head(nn.Conv2d(2 * CHANNELS, 64, 3, 2, 1), 64 * 16, num_classes)
        self.head4 = Head(nn.Conv2d(4 * CHANNELS, 64, 1), 64 * 16, num_classes)
        self.of_recognition = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
        if num_classes > 1:
            self.register_buffer("class_embedding", torch.zeros(num_classes, EMBEDDING_DIM))
        all_classes = len(CLASS_NAMES)
        self.register_buffer(
            "recognised",
            torch.eye(all_classes) if num_classes == all_classes else torch.zeros(num_classes, all_classes),
        )

    def forward(self, ink: Tensor, classes: Tensor | None = None) -> Tensor:
        """Ink (N, 1, 28, 28) and class indices (N,), all 0 by default, to logits (N, 4), that of the pixels first."""
        return self.judge(ink, classes)[0]

    @property
    def is_of_mixture(self) -> bool:
        """Whether one of our classes consists of several of the dataset's."""
        return bool((self.recognised.count_nonzero(1) > 1).any())

    def judge(self, ink: Tensor, classes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The same logits, and log p(class | drawing) (N,) by the feature network."""
        if classes is None:
            classes = torch.zeros(len(ink), dtype=torch.long, device=ink.device)
        embedding = self.class_embedding[classes] if hasattr(self, "class_embedding") else None  # (N, E)
        x7, x4, logits = self.feature_network(ink)  # (N, 2C, 7, 7), (N, 4C, 4, 4), (N, 345)
        mask = self.recognised[classes].clamp_min(1e-9).log()  # (N, 345)
        class_logit = (logits + mask).logsumexp(1)  # (N,)
        log_likelihood = class_logit - logits.logsumexp(1)  # (N,)
        recognition = self.of_recognition(torch.stack([log_likelihood / 2 + 2, class_logit / 4], 1)).squeeze(1)  # (N,)
        all_logits = [
            self.pixels(ink, classes, embedding),
            self.head7(x7, classes, embedding),
            self.head4(x4, classes, embedding),
            recognition,
        ]
        return torch.stack(all_logits, 1), log_likelihood
