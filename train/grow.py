"""Training the shared base (model/files/shared_base.py), and growing one class from it."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from torch import nn

from model.files.classifiers import FEATURE_NETWORK_NAME, load_feature_network
from model.files.shared_base import BASE_NAME, FORMAT, MAX_BYTES, Base, read_base
from model.files.weights import CheckpointError, fill, pack_weights
from model.files.writing import write_file
from model.networks.feature_network import FeatureNetwork
from model.quickdraw.classes import CLASS_NAMES
from train.data import ATTRIBUTION
from train.home import Home
from train.loop import Training

# The base's two networks see hardly any drawings of these, so that what growing does for a class new to them can be
# measured at home. (The guide has seen them all.)
NEWCOMERS = ("bicycle", "cat")
NEWCOMER_ROWS = 55


def save_base(folder: Path, training: Training, rows: Mapping[str, int]) -> Path:
    """Write the averaged generator and the discriminator. rows: drawings of each class. Returns the path."""
    parts: dict[str, nn.Module] = {"generator": training.ema, "discriminator": training.discriminator}
    tensors = {f"{part}.{name}": tensor for part, net in parts.items() for name, tensor in net.state_dict().items()}
    header = {
        "format": FORMAT,
        "generator": json.dumps(training.architecture),
        "discriminator": json.dumps(training.discriminator_architecture),
        "images_seen": str(training.step * training.config.batch_size),
        "rows": json.dumps(dict(rows)),
        "attribution": ATTRIBUTION,
    }
    path = folder / BASE_NAME
    write_file(path, pack_weights(tensors, header, MAX_BYTES))
    return path


def find_feature_network(home: Home) -> FeatureNetwork:
    """The guide for trainings that begin with nothing: a file of its own, or the base's. Raises CheckpointError."""
    if network := home.first_usable(FEATURE_NETWORK_NAME, load_feature_network):
        return network
    base = home.first_usable(BASE_NAME, read_base)
    prefix = "discriminator.feature_network."
    own = {name.removeprefix(prefix): tensor for name, tensor in base.tensors.items() if prefix in name} if base else {}
    if not own:
        raise CheckpointError("There is no guide here for the discriminator; make one with: python -m train guide")
    return fill(base.path, FeatureNetwork, own)


def grow_from_base(training: Training, base: Base, class_names: Sequence[str]) -> bool:
    """Set both networks of a single-class training to what the base knows of `class_names`, their mean for a mixture.

    Returns False, and changes nothing, when the base has other networks than the training.
    """
    pairs = (training.architecture, base.generator), (training.discriminator_architecture, base.discriminator)
    if any(known != wanted | {"num_classes": len(CLASS_NAMES)} for wanted, known in pairs):
        return False
    generator = base.of_classes("generator", class_names)
    training.generator.load_state_dict(generator)
    training.ema.load_state_dict(generator)
    training.discriminator.load_state_dict(base.of_classes("discriminator", class_names))
    return True
