"""The option that says where a benchmark's drawings come from."""

import argparse

from train.home import Home


def parse(parser: argparse.ArgumentParser) -> tuple[argparse.Namespace, Home]:
    """The options, with --data among them, and the home with that source of drawings."""
    parser.add_argument("--data", metavar="FOLDER|URL", help="source of the drawings (default: the dataset's bucket)")
    options = parser.parse_args()
    home = Home.from_environment()
    return options, home.with_source(options.data) if options.data else home
