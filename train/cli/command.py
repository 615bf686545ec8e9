"""What a command of `python -m train` is, and what several of them share."""

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from train.data import DEFAULT_ROWS, check_extra_folder
from train.home import Home


@dataclass(frozen=True)
class Command:
    """arguments: adds them to a parser. run: returns the exit code; what it raises becomes a sentence.

    goes_on: whether it continues, when it is repeated, what was broken off.
    """

    summary: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace, Home], int]
    goes_on: bool = False


def also_folder(options: argparse.Namespace, home: Home) -> str | None:
    """The folder of more drawings that somebody named, checked."""
    also = str(Path(options.also).resolve()) if options.also else None
    check_extra_folder(also, home.source)
    return also


def data_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", metavar="FOLDER|URL", help="where the drawings are (default: the dataset's bucket)")
    parser.add_argument("--also", metavar="FOLDER", help="more drawings to learn from, never measured against")
    parser.add_argument("--rows", type=int, default=DEFAULT_ROWS, help="drawings per class at most")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="default: the GPU where there is one")


def no_arguments(parser: argparse.ArgumentParser) -> None:
    pass
