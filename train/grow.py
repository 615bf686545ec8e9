"""The shared base (model/files/shared_base.py): saving it, and starting the run of one class from it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import nn

from model.files.classifiers import FEATURE_NETWORK_NAME, load_feature_network
from model.files.shared_base import BASE_NAME, FORMAT, MAX_BYTES, Base, read_base
from model.files.weights import CheckpointError, fill, pack_weights
from model.files.writing import write_file
from model.networks.architectures import GENERATORS, architecture
from model.networks.feature_network import FeatureNetwork
from model.quickdraw.classes import CLASS_NAMES
from train.data import ATTRIBUTION
from train.home import Home
from train.training import Training

# The base sees hardly any drawings of these classes, so that we can measure how well a class that is new to it starts
# from it. (The feature network has seen them all.)
NEWCOMERS = ("bicycle", "cat")
NEWCOMER_ROWS = 55


def save_base(
    folder: Path, training: Training, rows: Mapping[str, int], typical_seeds: Mapping[str, Sequence[int]] | None = None
) -> Path:
    """Write the averaged generator and the discriminator. rows: drawings per class. Returns the path."""
    parts: dict[str, nn.Module] = {"generator": training.ema, "discriminator": training.discriminator}
    tensors = {f"{part}.{name}": tensor for part, net in parts.items() for name, tensor in net.state_dict().items()}
    header = {
        "format": FORMAT,
        "generator": json.dumps(training.architecture),
        "discriminator": json.dumps(training.discriminator_architecture),
        "images_seen": str(training.step * training.config.batch_size),
        "rows": json.dumps(dict(rows)),
        "attribution": ATTRIBUTION,
        "typical_seeds": json.dumps(typical_seeds or {}),
    }
    path = folder / BASE_NAME
    write_file(path, pack_weights(tensors, header, MAX_BYTES))
    return path


def find_feature_network(home: Home) -> FeatureNetwork:
    """The feature network for runs without a base: its own file, or the base's copy. Raises CheckpointError."""
    if network := home.first_usable(FEATURE_NETWORK_NAME, load_feature_network):
        return network
    base = home.first_usable(BASE_NAME, read_base)
    prefix = "discriminator.feature_network."
    stored = base.tensors if base else {}
    tensors = {name.removeprefix(prefix): tensor for name, tensor in stored.items() if prefix in name}
    if base is None or not tensors:
        raise CheckpointError("There is no feature network here; make one with: python -m train feature-network")
    return fill(base.path, FeatureNetwork, tensors)


def grow_from_base(training: Training, base: Base, class_names: Sequence[str]) -> bool:
    """Copy the base's weights of `class_names`, or their mean for a mixture, into a single-class training's networks.

    Returns False, and changes nothing, if the base's networks differ from the training's in more than the saturation,
    which no weight depends on.
    """
    generator_of_base = architecture(GENERATORS, str(base.generator["network"]), base.generator)
    own = training.architecture | {"num_classes": len(CLASS_NAMES), "saturation": generator_of_base.get("saturation")}
    discriminator = training.discriminator_architecture | {"num_classes": len(CLASS_NAMES)}
    if (own, discriminator) != (generator_of_base, base.discriminator):
        return False
    generator = base.of_classes("generator", class_names)
    training.generator.load_state_dict(generator)
    training.ema.load_state_dict(generator)
    training.discriminator.load_state_dict(base.of_classes("discriminator", class_names))
    return True
