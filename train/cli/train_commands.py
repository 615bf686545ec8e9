"""python -m train class, and base: train one generator."""

import argparse

from model.files.checkpoint import check_name, checkpoint_path
from model.hub.client import check_repo
from model.networks.device import pick_device
from model.quickdraw.classes import CLASS_NAMES, find_classes, slug
from train.cli.command import Commands, add_command, add_data_options
from train.cli.recipe_options import add_recipe_options, config_from
from train.cli.run_commands import run_list
from train.config import BASE, DOODLE
from train.data import DEFAULT_ROWS, extra_folder
from train.execution.console import follow
from train.home import Home
from train.hub.messages import not_pushed, push_message
from train.hub.push import push
from train.runs.names import check_name_is_free
from train.runs.order import Order, default_name
from train.runs.repeat import resume_unfinished
from train.runs.run import create_run
from train.tracking.sending import tracking_uri

DEFAULT_COMMAND = "class"  # not "train", which is a class of the dataset
DEFAULT_MINUTES = 5.0
_CHANGEABLE = {"resume", "minutes", "replace", "data", "push", "device"}  # options of a resumed run
_RESUME = "--resume last continues from the last snapshot"


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    summary = "train a generator for one class or a mixture; you can leave the word “class” out"
    parser = add_command(commands, DEFAULT_COMMAND, summary, _train, after_interrupt=_RESUME)
    parser.add_argument("classes", nargs="*", metavar="CLASS", help="what to learn: cat, 'stop sign', cat+dog")
    _add_options(parser)
    parser = add_command(commands, "base", "train the shared base of all classes", _train, after_interrupt=_RESUME)
    parser.set_defaults(classes=["base"])
    _add_options(parser)


def _add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--name", help="name of the checkpoint (default: the classes joined by +)")
    parser.add_argument(
        "--minutes",
        type=float,
        help=f"how long to train (default: {DEFAULT_MINUTES:g}, unless --steps or --epochs is given)",
    )
    parser.add_argument("--steps", type=int, help="stop after this many steps")
    parser.add_argument("--epochs", type=float, help="stop after going through the drawings this many times")
    parser.add_argument(
        "--resume",
        metavar="RUN",
        help="continue a run: its id, or “last” for the newest from the command line; "
        "--minutes, --replace and --data change it",
    )
    parser.add_argument("--replace", action="store_true", help="replace the current checkpoint even if it's better")
    parser.add_argument(
        "--push", metavar="OWNER/NAME", help="push the checkpoint afterwards to this collection on the Hub"
    )
    parser.add_argument("--list", action="store_true", help="show checkpoints, runs and classes instead")
    add_data_options(parser)
    parser.set_defaults(rows=None)  # to know whether it is given
    add_recipe_options(parser)


def _train(options: argparse.Namespace, home: Home) -> int:
    if options.list:
        return run_list(options, home)
    device = pick_device(options.device)
    repo = check_repo(options.push) if options.push else None
    tracking_uri(home)  # raises an error if MLflow is needed and not installed
    if options.resume:
        _check_only_changeable(options)
        seconds = None if options.minutes is None else options.minutes * 60
        source = home.source if options.data else None
        run = resume_unfinished(home, options.resume, seconds=seconds, source=source, replacing=options.replace)
    else:
        order = _order(options, home)
        check_name_is_free(order, home)
        run = create_run(home.runs, order, begin=True)
    follow(run, home, device)
    if repo:
        status = run.status()
        path = checkpoint_path(run.folder, status.order.class_name)
        print(push_message(push(repo, [path])) if status.promotion == "promoted" else not_pushed(status.promotion))
    return 0


def _check_only_changeable(options: argparse.Namespace) -> None:
    """Raises ValueError for an option that can't change a run that has begun."""
    if options.classes:
        raise ValueError("A resumed run learns the same classes; give --resume without them.")
    given = {name for name, value in vars(options).items() if value is not None}
    if fixed := given - _CHANGEABLE - {"classes", "list", "run", "prog", "after_interrupt"}:
        flags, changeable = (
            ", ".join(sorted(f"--{name.replace('_', '-')}" for name in names)) for names in (fixed, _CHANGEABLE)
        )
        raise ValueError(
            f"A run that has begun can't change these options: {flags}. Leave them out, or start a new run; "
            f"together with --resume, these are possible: {changeable}."
        )


def _order(options: argparse.Namespace, home: Home) -> Order:
    if not options.classes:
        raise ValueError("Which class? Name one or more, such as: python -m train cat; --list shows all.")
    is_base = options.classes == ["base"]
    class_names = CLASS_NAMES if is_base else find_classes("+".join(options.classes))
    config = config_from(options, BASE if is_base else DOODLE)
    minutes = options.minutes
    if minutes is None and options.steps is None and options.epochs is None:
        minutes = DEFAULT_MINUTES
    return Order(
        class_name=_name(options.name) if options.name else "base" if is_base else default_name(class_names, config),
        class_names=class_names,
        source=home.source,
        also=extra_folder(options.also),
        num_rows=DEFAULT_ROWS if options.rows is None else options.rows,
        num_steps=options.steps,
        epochs=options.epochs,
        seconds=None if minutes is None else minutes * 60,
        replace=options.replace,
        config=config,
    )


def _name(text: str) -> str:
    """A checkpoint's name as given, or as the dataset spells it if that gives the same file. Raises ValueError."""
    checked = check_name(text)
    if checked.startswith("-"):
        raise ValueError(f"“{text}” begins with a minus, so commands would take it for an option; use another name.")
    return next((name for name in CLASS_NAMES if slug(name) == slug(checked)), checked)
