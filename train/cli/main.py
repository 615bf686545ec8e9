"""python -m train: parses the command, runs it, and turns errors into one sentence and an exit code."""

import argparse
import os
import sys
from collections.abc import Sequence

from model.system.proxies import prepare_proxies
from model.system.terminal import write_anywhere
from train.cli import (
    classifier_commands,
    fleet_commands,
    hub_commands,
    measure_commands,
    run_commands,
    site_commands,
    train_commands,
)
from train.home import Home
from train.runs.messages import EXPLAINED_ERRORS, sentence_for

PROG = "python -m train"
DESCRIPTION = """\
Train generators of doodles. Without a command, the arguments are classes to train:

  python -m train cat
  python -m train cat+dog --minutes 2

python -m train COMMAND --help shows the options of a command."""
GROUPS = (
    train_commands,
    fleet_commands,
    classifier_commands,
    measure_commands,
    hub_commands,
    site_commands,
    run_commands,
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns the exit code: 0, 1 if some classes of many failed, 2 after an error, 130 after Ctrl-C."""
    write_anywhere()
    options = parse(sys.argv[1:] if arguments is None else arguments)
    try:
        prepare_proxies()
        home = Home.from_environment()
        if getattr(options, "data", None):
            home = home.with_source(options.data)
        return options.run(options, home)
    except KeyboardInterrupt:
        hint = f"; {options.after_interrupt}" if options.after_interrupt else ""
        print(f"{options.prog}: interrupted{hint}.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except EXPLAINED_ERRORS as error:
        print(f"{options.prog}: {sentence_for(error)}", file=sys.stderr)
        return 2


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """The options of a command. run: the function that carries it out."""
    parser = argparse.ArgumentParser(
        prog=PROG, description=DESCRIPTION, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for group in GROUPS:
        group.add_commands(commands)
    is_named = bool(arguments) and (arguments[0] in commands.choices or arguments[0] in ("-h", "--help"))
    return parser.parse_args(arguments if is_named else [train_commands.DEFAULT_COMMAND, *arguments])
