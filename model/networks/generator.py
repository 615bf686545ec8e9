"""Our generator: latents in, drawings out, for one class or for many at once."""

import torch
from torch import Tensor, nn

from model.networks.class_embedding import EMBEDDING_DIM, PerClass
from model.networks.generator_network import GeneratorNetwork


class ClassNorm(nn.Module):
    """Batch norm with a gain and a bias per class; with one class, plain batch norm.

    Source: de Vries et al. 2017, "Modulating early visual processing by language", section 3. The class enters here
    and not as a part of z: there, its constant values would drown out z.
    """

    def __init__(self, channels: int, num_classes: int):
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.gain = PerClass(num_classes, channels, initial=1.0)
        self.bias = PerClass(num_classes, channels)

    def forward(self, x: Tensor, classes: Tensor, embedding: Tensor | None) -> Tensor:
        """x (N, C, H, W), classes (N,), embedding (N, E) -> (N, C, H, W)."""
        gain, bias = self.gain(classes, embedding), self.bias(classes, embedding)  # (N, C) each
        return self.norm(x) * gain[:, :, None, None] + bias[:, :, None, None]


class Block(nn.Module):
    """Class norm and ReLU, then a convolution to the next size."""

    def __init__(self, channels: int, convolution: nn.Module, num_classes: int):
        super().__init__()
        self.norm = ClassNorm(channels, num_classes)
        self.convolution = convolution

    def forward(self, x: Tensor, classes: Tensor, embedding: Tensor | None) -> Tensor:
        """x (N, C, H, W), classes (N,), embedding (N, E) -> the convolution's output."""
        return self.convolution(self.norm(x, classes, embedding).relu())


class Generator(GeneratorNetwork):
    """A DCGAN generator that starts from a 7x7 grid and has few channels where the picture is large.

    z_dim: length of the latent. channels: at 14x14; twice as many at 7x7, a third as many at 28x28.
    num_classes: 1 for a generator of one class, 345 for the shared base, from which the others grow.
    saturation: how far the output reaches beyond 0..1 before it is cut, so that paper can be exactly 0 and ink exactly
    1, as in real drawings; a plain sigmoid gets to neither. layout_rank: rank of a 7x7 map that is learned for each
    class and says where its parts are (see `PerClass`); 0 for no map. Older checkpoints have neither.
    """

    class_embedding: Tensor  # (num_classes, E); only with several classes

    def __init__(
        self,
        z_dim: int = 64,
        channels: int = 48,
        num_classes: int = 1,
        saturation: float = 0.0,
        layout_rank: int = 0,
    ):
        super().__init__()
        if channels < 3:
            raise ValueError(f"The doodle generator needs 3 channels or more, not {channels}.")
        wide, narrow = 2 * channels, channels // 3
        self.z_dim, self.saturation = z_dim, saturation
        self.to_grid = nn.Linear(z_dim, wide * 49, bias=False)
        if layout_rank:
            self.layout = PerClass(num_classes, wide * 49, rank=layout_rank)
        self.block7 = Block(wide, nn.Conv2d(wide, wide, 3, padding=1, bias=False), num_classes)
        self.block14 = Block(wide, nn.ConvTranspose2d(wide, channels, 4, 2, 1, bias=False), num_classes)
        self.block28 = Block(channels, nn.ConvTranspose2d(channels, narrow, 4, 2, 1, bias=False), num_classes)
        self.to_ink = Block(narrow, nn.ConvTranspose2d(narrow, 1, 3, padding=1), num_classes)
        if num_classes > 1:
            self.register_buffer("class_embedding", torch.zeros(num_classes, EMBEDDING_DIM))

    def forward(self, z: Tensor, classes: Tensor | None = None) -> Tensor:
        """Latents (N, Z) and class indices (N,), all 0 by default, to drawings (N, 1, 28, 28), ink in 0..1."""
        if classes is None:
            classes = torch.zeros(len(z), dtype=torch.long, device=z.device)
        embedding = self.class_embedding[classes] if hasattr(self, "class_embedding") else None  # (N, E)
        x = self.to_grid(z)  # (N, 2C * 49)
        if hasattr(self, "layout"):
            x = x + self.layout(classes, embedding)
        x = x.unflatten(1, (-1, 7, 7))  # (N, 2C, 7, 7)
        x = x + self.block7(x, classes, embedding)  # (N, 2C, 7, 7)
        x = self.block14(x, classes, embedding)  # (N, C, 14, 14)
        x = self.block28(x, classes, embedding)  # (N, C/3, 28, 28)
        return saturate(self.to_ink(x, classes, embedding).sigmoid(), self.saturation)  # (N, 1, 28, 28)

    def style_weight(self) -> Tensor:
        return self.to_grid.weight


def saturate(ink: Tensor, margin: float) -> Tensor:
    """Ink in 0..1 stretched to -margin..1+margin and cut to 0..1, any shape; the gradient passes the cut unchanged."""
    if not margin:
        return ink
    stretched = (1 + 2 * margin) * ink - margin
    return stretched + (stretched.clamp(0, 1) - stretched).detach()
