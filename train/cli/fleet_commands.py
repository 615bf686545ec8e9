"""python -m train all, and study: train many generators."""

import argparse
from functools import partial

from model.files.checkpoint import checkpoint_path
from model.hub.client import check_repo
from model.networks.device import pick_device
from model.quickdraw.classes import find_class
from train.cli.command import REPEAT, Commands, add_command, add_data_options, also_folder
from train.fleet import study
from train.fleet.all_classes import MIN_DRAWINGS, plan_orders, train_in_turn
from train.fleet.fleet import Fleet, train_fleet
from train.home import Home
from train.hub.messages import push_message
from train.hub.push import push
from train.runs.order import Order
from train.tracking.sending import tracking_uri


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    summary = f"train every class that has a checkpoint or at least {MIN_DRAWINGS} drawings"
    parser = add_command(commands, "all", summary, _train_all, after_interrupt=REPEAT)
    add_data_options(parser)
    parser.add_argument("--minutes", type=float, default=3.0, help="minutes per class (default: %(default)s)")
    parser.add_argument("--only", nargs="+", default=[], metavar="CLASS", help="train these classes only")
    parser.add_argument("--replace", action="store_true", help="replace current checkpoints even if they are better")
    parser.add_argument("--push", metavar="OWNER/NAME", help="push what was promoted to this collection on the Hub")
    group = parser.add_argument_group("several classes at a time")
    place = group.add_mutually_exclusive_group()
    place.add_argument("--workers", type=int, metavar="N", help="train N classes at a time, each on one core")
    place.add_argument("--ray", metavar="ADDRESS", help="train on a Ray cluster, such as auto or 10.0.0.1:6379")
    group.add_argument("--gpus", type=float, default=0.0, help="share of a GPU for each class (default: the CPU)")
    group.add_argument("--json", action="store_true", help="print a line of JSON for each class instead of a bar")

    summary = "repeat the student project's study: change one setting at a time, and draw a figure"
    parser = add_command(commands, "study", summary, _study, after_interrupt=REPEAT)
    parser.add_argument("class_name", metavar="CLASS", help="what to learn, such as cat")
    add_data_options(parser, num_rows=study.DEFAULT_ROWS)
    parser.add_argument(
        "--epochs", type=float, default=study.DEFAULT_EPOCHS, help="epochs per run (default: %(default)s)"
    )


def _train_all(options: argparse.Namespace, home: Home) -> int:
    repo = check_repo(options.push) if options.push else None
    tracking_uri(home)  # raises an error if MLflow is needed and not installed
    fleet, also = _fleet(options), also_folder(options, home)
    new_order = partial(
        Order,
        source=home.source,
        also=also,
        num_rows=options.rows,
        seconds=options.minutes * 60,
        replace=options.replace,
    )
    orders, failures = plan_orders(options.only, home, also, new_order)
    if fleet:
        return 1 if train_fleet(orders, home, fleet, failures, partial(push, repo) if repo else None) else 0
    finished, failures = train_in_turn(orders, home, pick_device(options.device), failures)
    paths = [checkpoint_path(home.checkpoints, order.class_name) for order in finished]
    if repo and (existing := [path for path in paths if path.exists()]):
        print(push_message(push(repo, existing)))
    return 1 if failures else 0


def _fleet(options: argparse.Namespace) -> Fleet | None:
    """None to train one class after the other. Raises ValueError."""
    if options.workers is None and options.ray is None:
        if options.gpus or options.json:
            raise ValueError("--gpus and --json need --workers or --ray as well.")
        return None
    if options.device:
        raise ValueError("--workers and --ray train on GPUs only with --gpus; leave --device out.")
    workers = 1 if options.workers is None else options.workers
    return Fleet(workers, options.ray, gpu_share=options.gpus, as_json=options.json)


def _study(options: argparse.Namespace, home: Home) -> int:
    tracking_uri(home)  # raises an error if MLflow is needed and not installed
    class_name, device = find_class(options.class_name), pick_device(options.device)
    path = study.study(class_name, home, options.epochs, options.rows, device)
    print(path or f"Stopped; {REPEAT}.")
    return 0
