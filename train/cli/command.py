"""What the commands of `python -m train` share: how one is added, and the options that several have."""

import argparse
from collections.abc import Callable, Sequence

from train.data import DEFAULT_ROWS, check_extra_folder, extra_folder
from train.home import Home

Commands = argparse._SubParsersAction  # what ArgumentParser.add_subparsers returns
Run = Callable[[argparse.Namespace, Home], int]  # carries out a command; returns the exit code

REPEAT = "the same command continues from there"


def add_command(
    commands: "Commands[argparse.ArgumentParser]",
    name: str,
    summary: str,
    run: Run,
    *,
    aliases: Sequence[str] = (),
    after_interrupt: str = "",
) -> argparse.ArgumentParser:
    """Add a command. after_interrupt: how to go on after Ctrl-C, if that's possible."""
    parser = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.", aliases=aliases)
    parser.set_defaults(run=run, prog=parser.prog, after_interrupt=after_interrupt)
    return parser


def add_data_options(parser: argparse.ArgumentParser, num_rows: int = DEFAULT_ROWS) -> None:
    parser.add_argument(
        "--data", metavar="FOLDER|FILE|URL", help="where the drawings come from (default: the dataset's public bucket)"
    )
    parser.add_argument("--also", metavar="FOLDER", help="more drawings to learn from, never used for measuring")
    parser.add_argument(
        "--rows", type=int, default=num_rows, help=f"maximum number of drawings per class (default: {num_rows})"
    )
    parser.add_argument("--device", choices=["cpu", "cuda"], help="where to compute (default: the GPU if there is one)")


def also_folder(options: argparse.Namespace, home: Home) -> str | None:
    """The folder given by --also. Raises ValueError or DataError if it can't be learned from."""
    also = extra_folder(options.also)
    check_extra_folder(also, home.source)
    return also
