"""The options of a recipe, one for each field of `Config`."""

import argparse
from dataclasses import fields, replace
from typing import get_args

from model.networks.architectures import DISCRIMINATORS, GENERATORS, architecture
from train.config import DOODLE, RECIPES, Config

_CHOICES = {"recipe": list(RECIPES), "generator": list(GENERATORS), "discriminator": list(DISCRIMINATORS)}
_OF_SOME_NETWORKS = ("channels", "depth", "dropout", "recognition")


def add_recipe_options(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("recipe (defaults: those of the chosen recipe)")
    for field in fields(Config):
        flag, text = "--" + field.name.replace("_", "-"), field.metadata["help"]
        if field.type is bool:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=text)
        else:
            kind = next(iter(get_args(field.type)), field.type)
            group.add_argument(flag, type=kind, choices=_CHOICES.get(field.name), help=text)


def config_from(options: argparse.Namespace, default: Config = DOODLE) -> Config:
    """The chosen recipe with the given options. Raises ValueError for an option that the networks don't have."""
    given = {field.name: getattr(options, field.name) for field in fields(Config)}
    given = {name: value for name, value in given.items() if value is not None}
    config = replace(RECIPES[given["recipe"]] if "recipe" in given else default, **given)
    accepted = architecture(GENERATORS, config.generator, {}) | architecture(DISCRIMINATORS, config.discriminator, {})
    for name in _OF_SOME_NETWORKS:
        is_accepted = config.discriminator == "guided" if name == "recognition" else name in accepted
        if name in given and not is_accepted:
            networks = f"{config.generator} and {config.discriminator}"
            raise ValueError(f"The networks {networks} have no option {name}; leave it out.")
    return config
