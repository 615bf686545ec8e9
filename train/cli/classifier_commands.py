"""python -m train evaluator, and feature-network: train a classifier of all classes."""

import argparse

from model.networks.device import pick_device
from model.networks.evaluator import MAX_CHANNELS
from train.classifier import DEFAULT_IMAGES
from train.cli.command import Commands, add_command, add_data_options, also_folder
from train.execution.train_classifier import (
    ClassifierOptions,
    TrainedClassifier,
    train_evaluator,
    train_feature_network,
)
from train.home import Home


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    parser = add_command(commands, "evaluator", "train the network that measures quality", _train_evaluator)
    _add_options(parser, seed=0)
    parser.add_argument(
        "--channels",
        type=int,
        default=32,
        choices=range(1, MAX_CHANNELS + 1),
        metavar=f"1-{MAX_CHANNELS}",
        help="width of the network (default: %(default)s)",
    )
    summary = "train the network whose features the discriminator sees"
    parser = add_command(commands, "feature-network", summary, _train_feature_network, aliases=["guide"])
    _add_options(parser, seed=1)  # not the evaluator's, because a judge shouldn't have taught the judged


def _add_options(parser: argparse.ArgumentParser, seed: int) -> None:
    add_data_options(parser)
    parser.add_argument(
        "--images",
        type=int,
        default=DEFAULT_IMAGES,
        help="drawings to learn from, counting repeats (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=seed, help="seed for all random numbers (default: %(default)s)")


def _options(options: argparse.Namespace, home: Home) -> ClassifierOptions:
    device = pick_device(options.device)
    return ClassifierOptions(options.images, options.rows, also_folder(options, home), options.seed, device)


def _train_evaluator(options: argparse.Namespace, home: Home) -> int:
    return _print(train_evaluator(home, _options(options, home), options.channels))


def _train_feature_network(options: argparse.Namespace, home: Home) -> int:
    return _print(train_feature_network(home, _options(options, home)))


def _print(trained: TrainedClassifier) -> int:
    print(f"It recognises {trained.top1:.0%} of held-back drawings, and {trained.top5:.0%} within five guesses.")
    print(trained.path)
    return 0
