"""python -m train push: checkpoints to a collection on the Hugging Face Hub."""

import argparse
from pathlib import Path

from model.drawing.sampler import Sampler
from model.files.checkpoint import checkpoint_path
from model.hub.collection import Collection
from train.cli.command import Command
from train.home import Home
from train.hub.messages import print_progress, push_message
from train.hub.push import push


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("classes", nargs="*", metavar="CLASS", help="whose checkpoints")
    parser.add_argument("--all", action="store_true", help="every checkpoint at hand")
    parser.add_argument("--repo", metavar="OWNER/NAME", help="the collection (default: DOODLES_HUB)")
    parser.add_argument("--create-pr", action="store_true", help="open a pull request there")
    parser.add_argument("--private", action="store_true", help="if the repo is created, only you see it")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be pushed")


def _push(options: argparse.Namespace, home: Home) -> int:
    if bool(options.classes) == options.all:
        raise ValueError("Say what to push: one or more classes, or --all.")
    at_hand = Collection.from_environment()
    repo = options.repo or (at_hand.repo if at_hand else "")
    if not repo:
        raise ValueError("Say where to push to: --repo you/doodles, or set DOODLES_HUB.")
    sampler = Sampler(home.checkpoint_folders)
    cards = {name: card for name, card in sampler.cards().items() if not card.is_draft}
    names = list(cards) if options.all else [sampler.find(text) for text in options.classes]
    drafts = [name for name in names if name not in cards]
    if drafts:
        raise ValueError(
            f"“{drafts[0]}” is a draft without a checkpoint; train it first: python -m train '{drafts[0]}'"
        )
    paths = [home.first_usable(checkpoint_path(Path(), name).name, lambda path: path) for name in names]
    pushed = push(
        repo,
        paths,
        create_pr=options.create_pr,
        dry_run=options.dry_run,
        private=options.private,
        report=print_progress,
    )
    print(push_message(pushed))
    return 0


PUSH = Command("push checkpoints to a collection on the Hugging Face Hub", _arguments, _push)
