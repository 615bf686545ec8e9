"""The networks match their descriptions, and no others are ever built."""

import pytest
import torch

from model.networks.architectures import DISCRIMINATORS, GENERATORS, architecture, build
from model.networks.discriminator import batch_spread
from model.networks.generator import ClassNorm, saturate


def parameters(network: torch.nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


@pytest.mark.parametrize("name", GENERATORS)
def test_every_generator_draws_ink_between_0_and_1(name):
    generator = build(GENERATORS, architecture(GENERATORS, name, {})).eval()
    ink = generator(torch.randn(3, generator.z_dim))
    assert ink.shape == (3, 1, 28, 28)
    assert ink.min() >= 0 and ink.max() <= 1
    assert generator.style_weight().shape[1] == generator.z_dim


def test_a_saturated_generator_reaches_exact_paper_and_full_ink_and_still_learns_there():
    ink = torch.linspace(0, 1, 101, requires_grad=True)
    assert torch.equal(saturate(ink, 0.0), ink), "older checkpoints draw what they drew"
    cut = saturate(ink, 0.08)
    assert cut.min() == 0 and cut.max() == 1 and (cut == 0).sum() == (cut == 1).sum() == 7
    cut.sum().backward()
    assert ink.grad.min() == ink.grad.max() > 1, "the gradient passes the cut"


def test_an_architecture_from_before_saturation_and_layouts_is_built_as_it_was():
    old = {"network": "doodle", "z_dim": 8, "channels": 6, "num_classes": 1}
    new = architecture(GENERATORS, "doodle", old | {"saturation": 0.08, "layout_rank": 16})
    assert not [name for name in build(GENERATORS, old).state_dict() if "layout" in name]
    assert build(GENERATORS, old).saturation == 0.0 and build(GENERATORS, new).saturation == 0.08
    assert build(GENERATORS, new).layout.rows.shape == (1, 12 * 49)
    for option, value in (("saturation", 1), ("saturation", -0.1), ("layout_rank", -1), ("layout_rank", 0.5)):
        with pytest.raises(ValueError, match=option):
            build(GENERATORS, new | {option: value})


@pytest.mark.parametrize("name", DISCRIMINATORS)
def test_every_discriminator_judges_each_drawing(name):
    discriminator = build(DISCRIMINATORS, architecture(DISCRIMINATORS, name, {}))
    assert discriminator(torch.rand(3, 1, 28, 28)).shape == ((3, 4) if name == "guided" else (3,))


def test_superdeep_is_the_students_pair():
    generator = build(GENERATORS, architecture(GENERATORS, "superdeep", {}))
    convolutions = [layer for layer in generator.layers if isinstance(layer, torch.nn.ConvTranspose2d)]
    assert [layer.out_channels for layer in convolutions] == [256, 128, 64, 1]
    assert [layer.kernel_size for layer in convolutions] == [(4, 4)] * 4
    assert [layer.stride for layer in convolutions] == [(1, 1), (2, 2), (2, 2), (2, 2)]
    assert [layer.padding for layer in convolutions] == [(0, 0), (1, 1), (2, 2), (1, 1)]
    assert [layer.p for layer in generator.layers if isinstance(layer, torch.nn.Dropout)] == [0.2] * 3
    x, sizes = torch.zeros(2, 100, 1, 1), []
    for layer in generator.layers:
        x = layer(x)
        sizes += [x.shape[-1]] if isinstance(layer, torch.nn.ConvTranspose2d) else []
    assert sizes == [4, 8, 14, 28]
    assert parameters(generator) == 1_067_329
    assert parameters(build(DISCRIMINATORS, {"network": "superdeep"})) == 1_890_313


def test_depth_and_dropout_change_superdeep():
    deeper = build(GENERATORS, {"network": "superdeep", "depth": 6, "dropout": 0.4})
    assert parameters(deeper) > 1_067_329
    assert {layer.p for layer in deeper.layers if isinstance(layer, torch.nn.Dropout)} == {0.4}


def test_a_class_norm_with_one_class_is_batch_norm():
    x = torch.randn(16, 5, 4, 4)
    assert torch.allclose(
        ClassNorm(5, 1)(x, torch.zeros(16, dtype=torch.long), None), torch.nn.BatchNorm2d(5)(x), atol=1e-6
    )


def test_a_batch_of_equal_drawings_has_no_spread():
    same = torch.randn(1, 3, 4, 4).expand(8, -1, -1, -1)
    assert batch_spread(same).max() < 1e-3
    assert batch_spread(torch.randn(64, 3, 4, 4)).mean() == pytest.approx(1, abs=0.05)


@pytest.mark.parametrize(
    "design",
    [
        {"network": "os.system"},
        {"network": None},
        {"network": "doodle", "z_dim": 10**9},
        {"network": "doodle", "z_dim": -1},
        {"network": "doodle", "z_dim": "64"},
        {"network": "doodle", "z_dim": True},
        {"network": "doodle", "colour": 3},
        {"network": "superdeep", "depth": 1000},
        {"network": "superdeep", "dropout": 1.5},
    ],
)
def test_an_architecture_out_of_bounds_is_refused(design):
    with pytest.raises(ValueError):
        build(GENERATORS, design)
