"""python -m train evaluate, pairs and cards: measure and describe what there is."""

import argparse
import sys
from pathlib import Path

from model.drawing.sampler import Sampler
from model.files.checkpoint import checkpoint_path
from model.networks.device import pick_device
from model.networks.doodlenet import DoodleNet
from train.cli.command import Commands, add_command, add_data_options, also_folder
from train.execution.measure import (
    evaluation_of,
    find_evaluator,
    find_generator,
    format_figures,
    write_pairs,
)
from train.home import Home
from train.hub.cards import write_cards
from train.quality.doodlenet_figures import measure_generator, real_drawings
from train.quality.doodlenet_file import DoodleNetError, load_doodlenet


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    parser = add_command(commands, "evaluate", "compare generators with real drawings", _evaluate)
    parser.add_argument("classes", nargs="*", metavar="CLASS", help="what to measure (default: all checkpoints)")
    add_data_options(parser)
    parser.add_argument("--drafts", action="store_true", help="measure what the base draws, not the checkpoints")
    parser.add_argument(
        "--nearest", type=Path, metavar="FOLDER", help="save pictures of the nearest training drawings there"
    )
    add_command(commands, "pairs", "find out which classes morph well into which others", _write_pairs)
    add_command(commands, "cards", "write checkpoints/README.md and its pictures", _write_cards)


def _evaluate(options: argparse.Namespace, home: Home) -> int:
    device = pick_device(options.device)
    evaluator = find_evaluator(home).to(device)
    sampler, also = Sampler(home.checkpoint_folders), also_folder(options, home)
    cards = sampler.cards()
    names = [sampler.find(text) for text in options.classes]
    doodlenet = _doodlenet(home)
    for name in names or sampler.trained_cards():
        generator = find_generator(cards[name], home, as_draft=options.drafts)
        evaluation = evaluation_of(cards[name], evaluator, home, options.rows, also)
        print(f"{name}: {format_figures(evaluation.measure(generator.to(device)))}")
        if doodlenet:
            real = real_drawings(evaluation.drawings, evaluation.extra)
            figures = measure_generator(doodlenet, generator, real, evaluation.classes)
            print(f"{name}, by DoodleNet: {format_figures(figures)}")
        if options.nearest:
            options.nearest.mkdir(parents=True, exist_ok=True)
            evaluation.nearest(generator, options.nearest / f"{checkpoint_path(Path(), name).stem}.png")
    return 0


def _doodlenet(home: Home) -> DoodleNet | None:
    """None if it can't be had, after one sentence that says so."""
    try:
        return load_doodlenet(home)
    except DoodleNetError as error:
        print(f"These figures come from the built-in evaluator alone. {error}", file=sys.stderr)
        return None


def _write_pairs(options: argparse.Namespace, home: Home) -> int:
    print(write_pairs(home))
    return 0


def _write_cards(options: argparse.Namespace, home: Home) -> int:
    print(f"{write_cards(home.checkpoints)} cards: {home.checkpoints / 'README.md'}")
    return 0
