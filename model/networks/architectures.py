"""Which networks there are. Adding one is its class and one line here."""

import inspect
from collections.abc import Mapping

from torch import nn

from model.networks.discriminator import Discriminator
from model.networks.generator import Generator
from model.networks.guided_discriminator import GuidedDiscriminator
from model.networks.superdeep import (
    ConvDiscriminator,
    DeepGenerator,
    DenseDiscriminator,
    ShallowGenerator,
    SuperDeepDiscriminator,
    SuperDeepGenerator,
)

GENERATORS: dict[str, type[nn.Module]] = {
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
MAX_OPTION = 1024


def architecture(networks: Mapping[str, type[nn.Module]], network: str, options: Mapping[str, object]) -> dict:
    """{"network": name, option: value, ...} with those of `options` that the network takes, defaults for the rest."""
    parameters = inspect.signature(networks[network]).parameters
    chosen = {name: options.get(name) for name in parameters}
    defaults = {name: parameter.default for name, parameter in parameters.items()}
    return {"network": network} | {
        name: defaults[name] if chosen[name] is None else chosen[name] for name in parameters
    }


def build(networks: Mapping[str, type[nn.Module]], architecture: Mapping[str, object]) -> nn.Module:
    """The network that an architecture describes. Raises ValueError for one we don't know or options out of bounds."""
    options = dict(architecture)
    network = options.pop("network", None)
    if not isinstance(network, str) or network not in networks:
        raise ValueError(f"There is no network “{str(network)[:40]}”; there are {', '.join(networks)}.")
    unknown = options.keys() - inspect.signature(networks[network]).parameters.keys()
    if unknown:
        raise ValueError(f"The network “{network}” has no option “{str(min(unknown))[:40]}”.")
    for name, value in options.items():
        if name == "dropout":
            allowed = type(value) in (int, float) and 0 <= value < 1
        else:
            allowed = type(value) is int and 1 <= value <= MAX_OPTION
        if not allowed:
            limits = "0 up to but not 1" if name == "dropout" else f"a whole number from 1 to {MAX_OPTION}"
            raise ValueError(f"The option {name} of “{network}” is {str(value)[:40]}; allowed is {limits}.")
    return networks[network](**options)
