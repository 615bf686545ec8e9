"""The networks by name. To add one, write its class and add one line here."""

import inspect
from collections.abc import Mapping
from typing import TypeVar

from torch import nn

from model.networks.discriminator import Discriminator
from model.networks.generator import Generator
from model.networks.generator_network import GeneratorNetwork
from model.networks.guided_discriminator import GuidedDiscriminator
from model.networks.superdeep import (
    ConvDiscriminator,
    DeepGenerator,
    DenseDiscriminator,
    ShallowGenerator,
    SuperDeepDiscriminator,
    SuperDeepGenerator,
)

GENERATORS: dict[str, type[GeneratorNetwork]] = {
    "doodle": Generator,
    "superdeep": SuperDeepGenerator,
    "deep": DeepGenerator,
    "shallow": ShallowGenerator,
}
DISCRIMINATORS: dict[str, type[nn.Module]] = {
    "guided": GuidedDiscriminator,
    "doodle": Discriminator,
    "superdeep": SuperDeepDiscriminator,
    "conv": ConvDiscriminator,
    "dense": DenseDiscriminator,
}
MAX_OPTION = 1024  # of a whole number, such as the channels
SHARES = ("dropout", "saturation")  # options that are numbers from 0 to below 1
MAY_BE_ZERO = ("layout_rank",)

Network = TypeVar("Network", bound=nn.Module)


def architecture(
    networks: Mapping[str, type[nn.Module]], network: str, options: Mapping[str, object]
) -> dict[str, object]:
    """{"network": name, option: value, ...} to build a network, with its defaults where `options` has None or nothing.

    Options that the network doesn't have are ignored.
    """
    parameters = inspect.signature(networks[network]).parameters
    given = {name: value for name, value in options.items() if value is not None}
    return {"network": network} | {name: given.get(name, each.default) for name, each in parameters.items()}


def build(networks: Mapping[str, type[Network]], architecture: Mapping[str, object]) -> Network:
    """The network that an architecture describes. Raises ValueError for an unknown network or a bad option."""
    options = dict(architecture)
    network = options.pop("network", None)
    if not isinstance(network, str) or network not in networks:
        raise ValueError(f"There is no network “{str(network)[:40]}”; choose one of {', '.join(networks)}.")
    unknown = options.keys() - inspect.signature(networks[network]).parameters.keys()
    if unknown:
        raise ValueError(f"The network “{network}” has no option “{str(min(unknown))[:40]}”.")
    for name, value in options.items():
        if not _is_allowed(name, value):
            least = 0 if name in MAY_BE_ZERO else 1
            limits = "a number from 0 to below 1" if name in SHARES else f"a whole number from {least} to {MAX_OPTION}"
            raise ValueError(f"The option {name} of “{network}” can't be {str(value)[:40]}; use {limits}.")
    return networks[network](**options)


def _is_allowed(name: str, value: object) -> bool:
    if not isinstance(value, int | float) or isinstance(value, bool):
        return False
    if name in SHARES:
        return 0 <= value < 1
    return isinstance(value, int) and (0 if name in MAY_BE_ZERO else 1) <= value <= MAX_OPTION
