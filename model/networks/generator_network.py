"""What every generator offers, ours and the student project's."""

from torch import Tensor, nn


class GeneratorNetwork(nn.Module):
    """z_dim: length of the latents that `forward` takes. saturation: see `saturate`.

    typical_seeds: seeds whose drawings are recognised best, where psi leads to; empty if nobody has looked for them.
    """

    z_dim: int
    saturation: float = 0.0
    typical_seeds: tuple[int, ...] = ()

    def style_weight(self) -> Tensor:
        """The first layer's weight (features, Z), from which `style_directions` come."""
        raise NotImplementedError
