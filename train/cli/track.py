"""python -m train track: send to MLflow what it does not have yet, of runs that were made without it too."""

import argparse

from train.cli.command import Command
from train.home import Home
from train.runs.run import find_run, list_runs
from train.tracking.mlflow_store import Store
from train.tracking.sending import tracking_uri
from train.tracking.sent import track


def _arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("runs", nargs="*", metavar="RUN", help="ids of runs (default: those begun with tracking on)")
    parser.add_argument("--all", action="store_true", help="every run there is")


def _track(options: argparse.Namespace, home: Home) -> int:
    uri = tracking_uri(home)
    if uri is None:
        raise ValueError("Say where to: set DOODLES_MLFLOW to 1, or to the address of a tracking server.")
    runs = list_runs(home.runs) if options.all else []
    for run_id in options.runs:
        found = find_run(home.runs, run_id)
        if found is None:
            raise ValueError(f"There is no run “{run_id[:60]}” in {home.runs}; --list shows the runs.")
        runs.append(found)
    for run in runs:
        track(run)
    try:
        sent = Store(uri, home).send_all(list_runs(home.runs))
    except Exception as error:  # MLflow's own, and those of all that it talks through
        raise ValueError(f"MLflow at {uri} can't be used: {str(error).partition(chr(10))[0][:200]}") from error
    print(f"{sent} runs had something new for {uri}.")
    return 0


TRACK = Command("send to MLflow what it does not have yet", _arguments, _track)
