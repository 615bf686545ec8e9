"""What every generator offers, ours and the student project's."""

from torch import Tensor, nn


class GeneratorNetwork(nn.Module):
    """z_dim: length of the latents that `forward` takes. saturation: see `saturate`."""

    z_dim: int
    saturation: float = 0.0

    def style_weight(self) -> Tensor:
        """The first layer's weight (features, Z), from which `style_directions` come."""
        raise NotImplementedError
