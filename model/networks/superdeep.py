"""The networks of the student project that this project grew from: the baseline for every quality figure."""

from torch import Tensor, nn

from model.networks.generator_network import GeneratorNetwork


class SuperDeepGenerator(GeneratorNetwork):
    """Four transposed convolutions, 1x1 -> 4 -> 8 -> 14 -> 28; each but the last with batch norm, ReLU and dropout.

    depth: 4 in the student project; each further layer is a 3x3 convolution at 14x14, also with norm, ReLU and dropout.
    """

    def __init__(self, z_dim: int = 100, depth: int = 4, dropout: float = 0.2):
        super().__init__()
        if not 4 <= depth <= 12:
            raise ValueError(f"The superdeep generator has 4 to 12 layers, not {depth}.")
        self.z_dim = z_dim

        def layer(convolution: nn.Module, channels: int) -> list[nn.Module]:
            return [convolution, nn.BatchNorm2d(channels), nn.ReLU(), nn.Dropout(dropout)]

        layers = layer(nn.ConvTranspose2d(z_dim, 256, 4, 1, 0), 256)  # 4x4
        layers += layer(nn.ConvTranspose2d(256, 128, 4, 2, 1), 128)  # 8x8
        layers += layer(nn.ConvTranspose2d(128, 64, 4, 2, 2), 64)  # 14x14
        for _ in range(depth - 4):
            layers += layer(nn.Conv2d(64, 64, 3, 1, 1), 64)  # 14x14
        layers += [nn.ConvTranspose2d(64, 1, 4, 2, 1), nn.Sigmoid()]  # 28x28
        self.layers = nn.Sequential(*layers)

    def forward(self, z: Tensor) -> Tensor:
        """Latents (N, Z) to drawings (N, 1, 28, 28), ink in 0..1."""
        return self.layers(z[:, :, None, None])

    def style_weight(self) -> Tensor:
        return self.layers.get_parameter("0.weight").flatten(1).T


class DeepGenerator(GeneratorNetwork):
    """A linear layer to a 7x7 grid, then convolutions up to 28x28: 128, 64 and 16 channels, GELU and dropout."""

    channels = (128, 64, 16)

    def __init__(self, z_dim: int = 100, dropout: float = 0.2):
        super().__init__()
        wide, middle, narrow = self.channels
        self.z_dim = z_dim
        self.layers = nn.Sequential(
            *(nn.Linear(z_dim, wide * 49), nn.GELU(), nn.Dropout(dropout), nn.Unflatten(1, (wide, 7, 7))),
            *(nn.ConvTranspose2d(wide, middle, 4, 2, 1), nn.GELU(), nn.Dropout(dropout)),  # 14x14
            *(nn.ConvTranspose2d(middle, narrow, 4, 2, 1), nn.GELU(), nn.Dropout(dropout)),  # 28x28
            *(nn.Conv2d(narrow, 1, 3, 1, 1), nn.Sigmoid()),
        )

    def forward(self, z: Tensor) -> Tensor:
        """Latents (N, Z) to drawings (N, 1, 28, 28), ink in 0..1."""
        return self.layers(z)

    def style_weight(self) -> Tensor:
        return self.layers.get_parameter("0.weight")


class ShallowGenerator(DeepGenerator):
    """`DeepGenerator` with 32, 16 and 8 channels."""

    channels = (32, 16, 8)


class SuperDeepDiscriminator(nn.Module):
    """Four convolutions with batch norm and leaky ReLU (64, 128, 256, 512 channels), then linear 100 and linear 1."""

    def __init__(self):
        super().__init__()

        def layer(convolution: nn.Conv2d) -> list[nn.Module]:
            return [convolution, nn.BatchNorm2d(convolution.out_channels), nn.LeakyReLU(0.2)]

        self.layers = nn.Sequential(
            *layer(nn.Conv2d(1, 64, 4, 2, 1)),  # 14x14
            *layer(nn.Conv2d(64, 128, 4, 2, 1)),  # 7x7
            *layer(nn.Conv2d(128, 256, 4, 2, 1)),  # 3x3
            *layer(nn.Conv2d(256, 512, 3, 1, 0)),  # 1x1
            *(nn.Flatten(), nn.Linear(512, 100), nn.LeakyReLU(0.2), nn.Linear(100, 1)),
        )

    def forward(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to logits (N,); the students' final sigmoid is part of our loss, where it is exact."""
        return self.layers(ink).squeeze(1)


class DenseDiscriminator(nn.Module):
    """Three linear layers, 512, 256 and 1, with leaky ReLU and dropout."""

    def __init__(self, dropout: float = 0.2):
        super().__init__()
        self.layers = nn.Sequential(
            nn.Flatten(),
            *(nn.Linear(784, 512), nn.LeakyReLU(0.2), nn.Dropout(dropout)),
            *(nn.Linear(512, 256), nn.LeakyReLU(0.2), nn.Dropout(dropout)),
            nn.Linear(256, 1),
        )

    def forward(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to logits (N,)."""
        return self.layers(ink).squeeze(1)


class ConvDiscriminator(nn.Module):
    """Two convolutions of 10 and 30 channels, each with max-pooling, then one linear layer."""

    def __init__(self, dropout: float = 0.2):
        super().__init__()
        self.layers = nn.Sequential(
            *(nn.Conv2d(1, 10, 3, 1, 1), nn.LeakyReLU(0.2), nn.MaxPool2d(2)),  # 14x14
            *(nn.Conv2d(10, 30, 3, 1, 1), nn.LeakyReLU(0.2), nn.MaxPool2d(2)),  # 7x7
            *(nn.Flatten(), nn.Dropout(dropout), nn.Linear(30 * 49, 1)),
        )

    def forward(self, ink: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to logits (N,)."""
        return self.layers(ink).squeeze(1)
