"""python -m train: train a class (or a mixture, or the shared base) and leave a checkpoint.

python -m train CLASS...      one generator of a class, or of a mixture
python -m train base          the shared base of all classes
python -m train all           every class with enough drawings
python -m train evaluate      hold generators against real drawings
python -m train cards         write checkpoints/README.md
python -m train push CLASS    push checkpoints to a collection on the Hugging Face Hub
python -m train study CLASS   sweep the student project's settings, and draw the comparison
python -m train track         send runs to MLflow that it does not have yet
python -m train space         put the app on Hugging Face as a Space, or bring it up to date
python -m train undo CLASS    put the checkpoint back that the last training replaced
python -m train evaluator     the network that the figures stand on
python -m train guide         the network through whose eyes the discriminator looks
"""

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import get_args

from model.drawing.sampler import Sampler
from model.files.checkpoint import checkpoint_path
from model.files.weights import CheckpointError
from model.hub.client import check_repo
from model.networks.architectures import DISCRIMINATORS, GENERATORS, architecture
from model.networks.device import pick_device
from model.quickdraw.classes import CLASS_NAMES, find_class
from train.cli.command import Command
from train.cli.commands import COMMANDS, table_line
from train.config import BASE, DOODLE, RECIPES, Config
from train.data import DEFAULT_ROWS, DataError
from train.execution.console import follow
from train.home import Home
from train.hub.messages import print_progress, push_message
from train.hub.push import push
from train.loop import TrainingError
from train.runs.messages import sentence_for
from train.runs.order import COMMAND_LINE, Order, default_name
from train.runs.promotion import is_promoted
from train.runs.run import Run, create_run, list_runs
from train.tracking.sending import tracking_uri

DEFAULT_MINUTES = 5.0
_CHOICES = {"recipe": list(RECIPES), "generator": list(GENERATORS), "discriminator": list(DISCRIMINATORS)}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 after one sentence on what was wrong."""
    arguments = sys.argv[1:] if arguments is None else list(arguments)
    command = COMMANDS.get(arguments[0]) if arguments else None
    parser = _command_parser(arguments[0], command) if command else _parser()
    options = parser.parse_args(arguments[1:] if command else arguments)
    home = Home.from_environment()
    try:
        if command:
            return command.run(options, home)
        if options.list:
            _print_list(home)
            return 0
        device = pick_device(options.device)
        if options.push:
            check_repo(options.push)
        tracking_uri(home)  # which is asked for in vain where MLflow is not installed
        if options.resume:
            run = _run_to_resume(options, home)
        else:
            run = create_run(home.runs, _order(options, home), begin=True)
        follow(run, home, device)
        if options.push:
            _push(run, home, options.push)
        return 0
    except KeyboardInterrupt:
        resume = "" if command else "; --resume last goes on from the last snapshot"
        if command and command.goes_on:
            resume = "; the same command goes on from there"
        print(f"{parser.prog}: dropped{resume}.", file=sys.stderr)
        return 130
    except BrokenPipeError:  # whoever read our output, such as `head`, has enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except (DataError, TrainingError, CheckpointError, ValueError, OSError) as error:
        print(f"{parser.prog}: {sentence_for(error)}", file=sys.stderr)
        return 2


def _command_parser(word: str, command: Command) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"python -m train {word}", description=command.summary)
    command.arguments(parser)
    return parser


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "classes", nargs="*", metavar="CLASS", help="classes of Quick, Draw!, such as cat or 'stop sign', or base"
    )
    parser.add_argument("--name", help="the checkpoint's name (default: the classes joined by +)")
    parser.add_argument(
        "--minutes", type=float, help=f"how long (default: {DEFAULT_MINUTES:g}, if nothing else is said)"
    )
    parser.add_argument("--steps", type=int, help="or how many steps")
    parser.add_argument("--epochs", type=float, help="or how often to go through the drawings")
    parser.add_argument("--data", metavar="FOLDER|URL", help="where the drawings are (default: the dataset's bucket)")
    parser.add_argument("--also", metavar="FOLDER", help="more drawings to learn from, never measured against")
    parser.add_argument(
        "--rows", type=int, default=DEFAULT_ROWS, help="drawings per class at most (default: %(default)s)"
    )
    parser.add_argument(
        "--resume", metavar="RUN", help="go on with a run: its id, or “last” for the last one ordered here"
    )
    parser.add_argument(
        "--replace", action="store_true", help="publish the checkpoint even if the one at hand is better"
    )
    parser.add_argument("--push", metavar="OWNER/NAME", help="push the checkpoint to this collection on the Hub")
    parser.add_argument("--list", action="store_true", help="show what can be drawn, the runs, and all classes")
    parser.add_argument("--device", choices=["cpu", "cuda"], help="default: the GPU where there is one")
    group = parser.add_argument_group("recipe (defaults: those of the chosen recipe)")
    for field in fields(Config):
        flag = "--" + field.name.replace("_", "-")
        if field.type is bool:
            group.add_argument(flag, action=argparse.BooleanOptionalAction, default=None, help=field.metadata["help"])
        else:
            kind = next(iter(get_args(field.type)), field.type)
            group.add_argument(flag, type=kind, choices=_CHOICES.get(field.name), help=field.metadata["help"])
    return parser


def _order(options: argparse.Namespace, home: Home) -> Order:
    if not options.classes:
        raise ValueError("Which class? Name one or more, such as: python -m train cat; --list shows all.")
    is_base = options.classes == ["base"]
    class_names = CLASS_NAMES if is_base else tuple(dict.fromkeys(find_class(text) for text in options.classes))
    if options.data:
        home = home.with_source(options.data)
    recipe = BASE if is_base and not options.recipe else RECIPES[options.recipe or DOODLE.recipe]
    said = {field.name: getattr(options, field.name) for field in fields(Config)}
    config = replace(recipe, **{name: value for name, value in said.items() if value is not None})
    known = architecture(GENERATORS, config.generator, {}) | architecture(DISCRIMINATORS, config.discriminator, {})
    known |= {"recognition": config.recognition} if config.discriminator == "guided" else {}
    for name in ("channels", "depth", "dropout", "recognition"):
        if getattr(options, name) is not None and name not in known:
            raise ValueError(
                f"The networks {config.generator} and {config.discriminator} have no {name}; leave it out."
            )
    nothing_said = options.minutes is None and options.steps is None and options.epochs is None
    minutes = DEFAULT_MINUTES if nothing_said else options.minutes
    return Order(
        class_name=options.name or ("base" if is_base else default_name(class_names, config)),
        class_names=class_names,
        source=home.source,
        also=str(Path(options.also).resolve()) if options.also else None,
        num_rows=options.rows,
        num_steps=options.steps,
        epochs=options.epochs,
        seconds=None if minutes is None else minutes * 60,
        replace=options.replace,
        config=config,
    )


def _run_to_resume(options: argparse.Namespace, home: Home) -> Run:
    if options.classes or options.steps or options.minutes or options.epochs or options.name or options.data:
        raise ValueError("A resumed run goes on as it was ordered; give --resume and the run alone.")
    for run in reversed(list_runs(home.runs)):
        status = run.status()
        named = run.id == options.resume or (options.resume == "last" and status.order.requested_by == COMMAND_LINE)
        if named and status.state != "done":
            run.acquire()
            run.resume()
            return run
    raise ValueError(f"There is no unfinished run “{options.resume[:60]}” in {home.runs}; --list shows the runs.")


def _push(run: Run, home: Home, repo: str) -> None:
    """Push what a run has made, if it was found good enough to be drawn with."""
    path = checkpoint_path(run.folder, run.status().order.class_name)
    if not is_promoted(path, home):
        print("Nothing was pushed, for what stands stays.")
        return
    print(push_message(push(repo, [path], report=print_progress)))


def _print_list(home: Home) -> None:
    print("Trained (all other classes are drafts, drawn by the base):")
    for class_name, card in sorted(Sampler(home.checkpoint_folders).cards().items()):
        if not card.is_draft:
            print(f"  {class_name}: {card.recipe}, {card.num_drawings} drawings, {table_line(card.metrics)}")
    print("Runs:")
    for run in list_runs(home.runs):
        status = run.status()
        state = "interrupted" if status.state == "running" and not run.is_active() else status.state
        print(f"  {run.id}: {state}. {status.sentence}")
    print("Classes of the dataset:", ", ".join(CLASS_NAMES), sep="\n  ")
