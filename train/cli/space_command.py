"""python -m train space: the app as a Space on Hugging Face."""

import argparse

from train.cli.command import Command
from train.home import Home
from train.hub.messages import deploy_message, print_progress
from train.hub.space import HARDWARE, deploy
from train.hub.space_files import ZERO_GPU


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--repo", metavar="OWNER/NAME", required=True, help="the Space")
    parser.add_argument(
        "--hardware",
        choices=HARDWARE,
        metavar="FLAVOR",
        help=f"cpu-basic, t4-small, ... (default: what it has; for a new one {ZERO_GPU}, which free accounts may have)",
    )
    parser.add_argument(
        "--model-repo", metavar="OWNER/NAME", help="a collection that it takes classes from besides; @revision pins it"
    )
    parser.add_argument("--private", action="store_true", help="if the Space is created, only you see it")
    parser.add_argument("--dry-run", action="store_true", help="only say what would be done")


def _deploy(options: argparse.Namespace, home: Home) -> int:
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


SPACE = Command("put the app on Hugging Face as a Space, or bring it up to date there", _arguments, _deploy)
