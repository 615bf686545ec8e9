"""python -m train class, and base: train one generator."""

import argparse

from model.files.checkpoint import checkpoint_path
from model.hub.client import check_repo
from model.networks.device import pick_device
from model.quickdraw.classes import CLASS_NAMES, find_class
from train.cli.command import Commands, add_command, add_data_options
from train.cli.recipe_options import add_recipe_options, config_from
from train.cli.run_commands import run_list
from train.config import BASE, DOODLE
from train.data import extra_folder
from train.execution.console import follow
from train.home import Home
from train.hub.messages import not_pushed, push_message
from train.hub.push import push
from train.runs.order import Order, default_name
from train.runs.repeat import resume_unfinished
from train.runs.run import create_run
from train.tracking.sending import tracking_uri

DEFAULT_COMMAND = "class"  # not "train", which is a class of the dataset
DEFAULT_MINUTES = 5.0
_RESUME = "--resume last continues from the last snapshot"


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    summary = "train a generator for one class or a mixture; you can leave the word “class” out"
    parser = add_command(commands, DEFAULT_COMMAND, summary, _train, after_interrupt=_RESUME)
    parser.add_argument("classes", nargs="*", metavar="CLASS", help="what to learn, such as cat or 'stop sign'")
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
        "--resume", metavar="RUN", help="continue a run: its id, or “last” for the newest from the command line"
    )
    parser.add_argument("--replace", action="store_true", help="replace the current checkpoint even if it's better")
    parser.add_argument(
        "--push", metavar="OWNER/NAME", help="push the checkpoint afterwards to this collection on the Hub"
    )
    parser.add_argument("--list", action="store_true", help="show checkpoints, runs and classes instead")
    add_data_options(parser)
    add_recipe_options(parser)


def _train(options: argparse.Namespace, home: Home) -> int:
    if options.list:
        return run_list(options, home)
    device = pick_device(options.device)
    repo = check_repo(options.push) if options.push else None
    tracking_uri(home)  # raises an error if MLflow is needed and not installed
    if options.resume:
        if options.classes or options.steps or options.minutes or options.epochs or options.name or options.data:
            raise ValueError("A resumed run continues as it was ordered; give --resume and the run alone.")
        run = resume_unfinished(home, options.resume)
    else:
        run = create_run(home.runs, _order(options, home), begin=True)
    follow(run, home, device)
    if repo:
        status = run.status()
        path = checkpoint_path(run.folder, status.order.class_name)
        print(push_message(push(repo, [path])) if status.promotion == "promoted" else not_pushed(status.promotion))
    return 0


def _order(options: argparse.Namespace, home: Home) -> Order:
    if not options.classes:
        raise ValueError("Which class? Name one or more, such as: python -m train cat; --list shows all.")
    is_base = options.classes == ["base"]
    class_names = CLASS_NAMES if is_base else tuple(dict.fromkeys(find_class(text) for text in options.classes))
    config = config_from(options, BASE if is_base else DOODLE)
    minutes = options.minutes
    if minutes is None and options.steps is None and options.epochs is None:
        minutes = DEFAULT_MINUTES
    return Order(
        class_name=options.name or ("base" if is_base else default_name(class_names, config)),
        class_names=class_names,
        source=home.source,
        also=extra_folder(options.also),
        num_rows=options.rows,
        num_steps=options.steps,
        epochs=options.epochs,
        seconds=None if minutes is None else minutes * 60,
        replace=options.replace,
        config=config,
    )
