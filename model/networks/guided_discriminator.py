"""Our discriminator: it looks at the pixels itself, and through the guide's eyes."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.networks.class_embedding import EMBEDDING_DIM, PerClass
from model.networks.discriminator import Discriminator
from model.networks.feature_network import CHANNELS, FeatureNetwork
from model.quickdraw.classes import CLASS_NAMES


class Head(nn.Module):
    """One opinion on a map of features, for one class or for many at once (a projection, as in `Discriminator`)."""

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
    """Four opinions: on the pixels, on two maps of the guide's features, and on whether the class is recognisable.

    Features of a network that has learned to see already make a GAN of few drawings learn faster and more diversely
    (Sauer et al. 2021, "Projected GANs Converge Faster"). The last opinion judges how likely the guide finds the class:
    it can tell fakes that are not recognisable enough, and just as well those that are more so than real ones.

    recognised (num_classes, 345): which classes of the dataset each of ours consists of.
    """

    def __init__(self, channels: int = 16, num_classes: int = 1):
        super().__init__()
        self.pixels = Discriminator(channels, num_classes)
        self.feature_network = FeatureNetwork()
        self.head7 = Head(nn.Conv2d(2 * CHANNELS, 64, 3, 2, 1), 64 * 16, num_classes)
        self.head4 = Head(nn.Conv2d(4 * CHANNELS, 64, 1), 64 * 16, num_classes)
        self.of_recognition = nn.Sequential(nn.Linear(2, 16), nn.LeakyReLU(0.2), nn.Linear(16, 1))
        everything = num_classes == len(CLASS_NAMES)
        if num_classes > 1:
            self.register_buffer("class_embedding", torch.zeros(num_classes, EMBEDDING_DIM))
        self.register_buffer("recognised", torch.eye(num_classes) if everything else torch.zeros(num_classes, 345))

    def forward(self, ink: Tensor, classes: Tensor | None = None) -> Tensor:
        """Ink (N, 1, 28, 28) and class indices (N,), all 0 by default, to logits (N, 4), those of the pixels first."""
        return self.judge(ink, classes)[0]

    @property
    def is_of_mixture(self) -> bool:
        """Whether a class of ours consists of several of the dataset's."""
        return bool((self.recognised.count_nonzero(1) > 1).any())

    def judge(self, ink: Tensor, classes: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """The same logits, and the log of how likely the guide finds each drawing's class (N,)."""
        if classes is None:
            classes = torch.zeros(len(ink), dtype=torch.long, device=ink.device)
        embedding = self.class_embedding[classes] if hasattr(self, "class_embedding") else None  # (N, E)
        x7, x4, seen_as = self.feature_network(ink)  # (N, 2C, 7, 7), (N, 4C, 4, 4), (N, 345)
        wanted = self.recognised[classes].clamp_min(1e-9).log()  # (N, 345)
        likely = (seen_as + wanted).logsumexp(1)  # (N,)
        log_likelihood = likely - seen_as.logsumexp(1)  # (N,)
        recognition = self.of_recognition(torch.stack([log_likelihood / 2 + 2, likely / 4], 1)).squeeze(1)  # (N,)
        opinions = [
            self.pixels(ink, classes, embedding),
            self.head7(x7, classes, embedding),
            self.head4(x4, classes, embedding),
            recognition,
        ]
        return torch.stack(opinions, 1), log_likelihood
