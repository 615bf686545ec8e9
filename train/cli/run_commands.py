"""python -m train list, track and undo: look at runs, send them to MLflow, undo the last one."""

import argparse

from model.drawing.sampler import Sampler
from model.quickdraw.classes import CLASS_NAMES
from model.system.addresses import hide_passwords
from train.cli.command import Commands, add_command
from train.execution.measure import format_figures
from train.home import Home
from train.runs.messages import undone
from train.runs.promotion import undo
from train.runs.run import find_run, list_runs
from train.tracking.mlflow_store import Store, first_line
from train.tracking.sending import tracking_uri
from train.tracking.sent import track


def add_commands(commands: "Commands[argparse.ArgumentParser]") -> None:
    add_command(commands, "list", "show checkpoints, runs and classes (also --list)", run_list)
    parser = add_command(commands, "track", "send MLflow the runs that it doesn't have yet", _track)
    parser.add_argument("runs", nargs="*", metavar="RUN", help="ids of runs (default: those trained with tracking on)")
    parser.add_argument("--all", action="store_true", help="send every run")
    parser = add_command(commands, "undo", "bring back the checkpoint that the last run replaced", _undo)
    parser.add_argument("name", metavar="CLASS", help="the class whose checkpoint to bring back")


def run_list(options: argparse.Namespace, home: Home) -> int:
    print("Checkpoints (all other classes are drafts, drawn by the base):")
    for class_name, card in sorted(Sampler(home.checkpoint_folders).trained_cards().items()):
        print(f"  {class_name}: {card.recipe}, {card.num_drawings} drawings, {format_figures(card.metrics)}")
    print("Runs:")
    for run in list_runs(home.runs):
        status = run.status()
        state = "interrupted" if status.state == "running" and not run.is_active() else status.state
        print(f"  {run.id}: {state}. {status.sentence}")
    print("Classes of the dataset:", ", ".join(CLASS_NAMES), sep="\n  ")
    return 0


def _track(options: argparse.Namespace, home: Home) -> int:
    uri = tracking_uri(home)
    if uri is None:
        raise ValueError("Where is MLflow? Set DOODLES_MLFLOW to 1, or to the address of a tracking server.")
    runs = list_runs(home.runs) if options.all else []
    for run_id in options.runs:
        run = find_run(home.runs, run_id)
        if run is None:
            raise ValueError(f"There is no run “{run_id[:60]}” in {home.runs}; --list shows the runs.")
        runs.append(run)
    for run in runs:
        track(run)
    try:
        num_sent = Store(uri, home).send_all(list_runs(home.runs))
    except Exception as error:  # MLflow's own, and those of all the libraries that it uses
        raise ValueError(f"MLflow at {hide_passwords(uri)} can't be used: {first_line(error)}") from error
    print(f"Sent new data for {num_sent} runs to {hide_passwords(uri)}.")
    return 0


def _undo(options: argparse.Namespace, home: Home) -> int:
    class_name = Sampler(home.checkpoint_folders).find(options.name)
    undo(home, class_name)
    print(undone(class_name))
    return 0
