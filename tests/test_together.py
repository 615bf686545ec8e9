"""Networks stacked for one pass answer, and learn, as each does alone."""

import pytest
import torch

from benchmarks.together import Stacked
from model.networks.discriminator import Discriminator
from model.networks.generator import Generator


@pytest.mark.parametrize("make, shape", [(lambda: Generator(8, 6), (8,)), (lambda: Discriminator(4), (1, 28, 28))])
def test_a_stack_is_its_networks_side_by_side(make, shape):
    nets = [make() for _ in range(3)]
    stack = Stacked(nets)
    x = torch.randn(3 * 5, *shape)
    alone = torch.cat([net(part) for net, part in zip(nets, x.split(5), strict=True)])
    together = stack(x)
    torch.testing.assert_close(together, alone)
    together.square().sum().backward()
    alone.square().sum().backward()
    own = dict(stack.named_parameters()) | dict(stack.named_buffers())
    for name, stacked in own.items():
        each = [
            net.get_parameter(name.replace("/", "."))
            if stacked.requires_grad
            else net.get_buffer(name.replace("/", "."))
            for net in nets
        ]
        torch.testing.assert_close(stacked.detach(), torch.stack([one.detach() for one in each]), msg=name)
        if stacked.requires_grad:
            torch.testing.assert_close(stacked.grad, torch.stack([one.grad for one in each]), rtol=1e-3, atol=1e-4)
