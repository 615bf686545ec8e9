"""python -m train push, and space: put checkpoints or the app on the Hugging Face Hub."""

import argparse

from model.drawing.sampler import Sampler
from model.hub.collection import Collection
from train.cli.command import Commands, add_command
from train.home import Home
from train.hub.messages import deploy_message, print_progress, push_message
from train.hub.push import push
from train.hub.space import HARDWARE, deploy
from train.hub.space_files import ZERO_GPU
from train.hub.static_space import deploy_static


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    parser = add_command(commands, "push", "push checkpoints to a collection on the Hugging Face Hub", _push)
    parser.add_argument("classes", nargs="*", metavar="CLASS", help="the classes whose checkpoints to push")
    parser.add_argument("--all", action="store_true", help="push every checkpoint")
    parser.add_argument("--repo", metavar="OWNER/NAME", help="the collection (default: DOODLES_HUB)")
    parser.add_argument("--create-pr", action="store_true", help="open a pull request there")
    parser.add_argument("--private", action="store_true", help="if the repo is new, make it private")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be pushed")

    parser = add_command(commands, "space", "put the app on Hugging Face as a Space, or update it there", _deploy)
    parser.add_argument("--repo", metavar="OWNER/NAME", required=True, help="the Space")
    parser.add_argument(
        "--hardware",
        choices=HARDWARE,
        metavar="FLAVOR",
        help=f"cpu-basic, t4-small, ... (default: no change; {ZERO_GPU} for a new Space, which free accounts can use)",
    )
    parser.add_argument(
        "--model-repo", metavar="OWNER/NAME", help="a collection to take more classes from; @revision pins it"
    )
    parser.add_argument(
        "--static", action="store_true", help="publish the page that needs no server; any account may have that"
    )
    parser.add_argument("--private", action="store_true", help="if the Space is new, make it private")
    parser.add_argument("--dry-run", action="store_true", help="only show what would be done")


def _push(options: argparse.Namespace, home: Home) -> int:
    if bool(options.classes) == options.all:
        raise ValueError("What should be pushed? Name one or more classes, or give --all.")
    collection = Collection.from_environment()
    repo = options.repo or (collection.repo if collection else "")
    if not repo:
        raise ValueError("Where should it be pushed to? Give --repo you/doodles, or set DOODLES_HUB.")
    sampler = Sampler(home.checkpoint_folders)
    cards = sampler.trained_cards()
    names = list(cards) if options.all else [sampler.find(text) for text in options.classes]
    for name in names:
        if name not in cards:
            raise ValueError(f"“{name}” is a draft without a checkpoint; train it first: python -m train '{name}'")
    paths = [sampler.checkpoints(name)[0] for name in names]
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


def _deploy(options: argparse.Namespace, home: Home) -> int:
    if options.static:
        if options.hardware:
            raise ValueError("A static Space has no hardware; leave out --hardware.")
        static = deploy_static(
            home,
            options.repo,
            options.model_repo,
            private=options.private,
            dry_run=options.dry_run,
            report=print_progress,
        )
        print(deploy_message(static))
        return 0
    deployment = deploy(
        home,
        options.repo,
        options.hardware,
        options.model_repo,
        private=options.private,
        dry_run=options.dry_run,
        report=print_progress,
    )
    print(deploy_message(deployment))
    return 0
