"""Many classes at a time, on the cores of this machine or on a Ray cluster: one task per class.

Whatever dies, a worker or a whole node, its task goes to another, which resumes from the run's snapshot if it sees the
same home. Every node has this repository at the same path, with requirements-fleet.txt installed; a shared disk does
that, and so does one image for all. Ray trusts whoever reaches its ports: keep a cluster in a network of its own.
"""

import argparse
import contextlib
import math
import os
import secrets
import socket
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.files.checkpoint import checkpoint_path
from model.files.classifiers import EVALUATOR_NAME, FEATURE_NETWORK_NAME
from model.files.shared_base import BASE_NAME
from model.files.weights import CheckpointError
from train.fleet.fleet_progress import FleetProgress
from train.fleet.task import Outcome, Task, land, work
from train.home import Home
from train.hub.push import CLASSES_PER_COMMIT
from train.runs.messages import sentence_for
from train.runs.order import Order
from train.runs.repeat import done_orders
from train.runs.run import Run
from train.tracking.sending import is_tracking_on, sending
from train.tracking.sent import track

INSTALL = "pip install -r requirements-fleet.txt"
MAX_WORKERS = 256
CONNECT_SECONDS = 5.0
HUB = "the Hub"  # what has failed if the Hub takes nothing
GROUP = "all classes"  # what the runs are nested under where they go on record
MAX_RETRIES = 5  # of a task whose worker or node died
QUEUED_PER_SLOT = 2  # tasks handed to Ray for each that it can work on, so that 345 take no more memory than 10
STORE_BYTES = 200_000_000  # for what passes between processes on one machine

# Commits to the Hub what it has not of some checkpoints, and says so in a sentence; raises OSError or ValueError.
Push = Callable[[Sequence[Path]], str]


@dataclass(frozen=True)
class Fleet:
    """workers: processes on this machine; address: a Ray cluster's instead. gpus: the share of one that a class takes.

    as_json: one line per class instead of a bar. Raises ValueError.
    """

    workers: int | None = None
    address: str | None = None
    gpus: float = 0.0
    as_json: bool = False

    def __post_init__(self) -> None:
        if self.workers is not None and not 1 <= self.workers <= MAX_WORKERS:
            raise ValueError(f"{self.workers} workers are not allowed; use 1 to {MAX_WORKERS}.")
        if not 0 <= self.gpus <= 1:
            raise ValueError(f"{self.gpus:g} GPUs for a class are not allowed; use a share from 0 to 1, such as 0.1.")


def fleet_arguments(parser: argparse.ArgumentParser) -> None:
    where = parser.add_mutually_exclusive_group()
    where.add_argument("--workers", type=int, metavar="N", help="so many classes at a time, each on a core")
    where.add_argument("--ray", metavar="ADDRESS", help="on a Ray cluster, such as auto or 10.0.0.1:6379")
    parser.add_argument("--gpus", type=float, default=0.0, help="share of a GPU that each class of a fleet takes")
    parser.add_argument("--json", action="store_true", help="a line of JSON for each class of a fleet, and no bar")


def fleet_of(options: argparse.Namespace) -> Fleet | None:
    """The fleet that the options ask for, None for one class after the other. Raises ValueError."""
    if options.workers is None and options.ray is None:
        if options.gpus or options.json:
            raise ValueError("--gpus and --json are for a fleet; say --workers or --ray as well.")
        return None
    if options.device:
        raise ValueError("A fleet trains on GPUs if --gpus says so; leave --device out.")
    return Fleet(options.workers, options.ray, options.gpus, options.json)


def train_fleet(
    orders: Sequence[Order],
    home: Home,
    fleet: Fleet,
    failures: Mapping[str, str] | None = None,
    push: Push | None = None,
) -> int:
    """Carry out all orders that are not done yet. Returns 1 if any class failed, else 0.

    failures: those of classes that got no order. push: gets what was promoted, and what was so before, now and then
    while others are in training and at the end. Raises ValueError without Ray, or for a cluster that can't be used.
    """
    ray = _import_ray()
    done = done_orders(home)
    waiting = [order for order in orders if order not in done]
    to_push = [checkpoint_path(home.checkpoints, order.class_name) for order in orders if order in done]
    fleet_progress = FleetProgress(len(waiting), len(to_push), failures or {}, fleet.as_json)
    if waiting:
        with contextlib.closing(fleet_progress.bar), _connected(ray, fleet), _marked(home) as mark, sending(home):
            for outcome in _outcomes(ray, waiting, home, fleet, mark):
                outcome = _landed(outcome, home)
                fleet_progress.add(outcome)
                if outcome.state != "done":
                    continue
                to_push.append(checkpoint_path(home.checkpoints, outcome.class_name))
                if push and len(to_push) % CLASSES_PER_COMMIT == 0:
                    to_push = _push(push, to_push, fleet_progress)
    if push:
        _push(push, to_push, fleet_progress)
    return fleet_progress.close()


def _import_ray():
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise ValueError(f"Training many classes at a time needs Ray; install it: {INSTALL}") from error
    return ray


@contextlib.contextmanager
def _connected(ray, fleet: Fleet) -> Iterator[None]:
    """In touch with the cluster, or with one that lasts as long as the command. Raises ValueError."""
    quiet = {"log_to_driver": False, "logging_level": "ERROR"}
    try:
        if fleet.address:
            _reach(fleet.address)
            ray.init(fleet.address, **quiet)
        else:
            local = {"num_cpus": fleet.workers, "object_store_memory": STORE_BYTES, "include_dashboard": False}
            ray.init("local", **local, **quiet)
    except (RuntimeError, ValueError, ImportError, OSError) as error:
        where, why = f"at {fleet.address}" if fleet.address else "here", str(error).partition("\n")[0][:200]
        raise ValueError(f"No Ray cluster can be used {where} ({why}); check its address.") from error
    try:
        if fleet.gpus and not ray.cluster_resources().get("GPU"):
            raise ValueError("There is no GPU that Ray knows of; leave --gpus out.")
        yield
    finally:
        ray.shutdown()


def _reach(address: str) -> None:
    """Raises OSError if nobody listens at host:port, for Ray tries for two minutes and then ends the whole process."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()


@contextlib.contextmanager
def _marked(home: Home) -> Iterator[str]:
    """The name of a file in the home's runs, by which a node knows whether it sees this home."""
    home.runs.mkdir(parents=True, exist_ok=True)
    mark = home.runs / f"fleet-{secrets.token_hex(8)}"
    mark.touch()
    try:
        yield mark.name
    finally:
        mark.unlink(missing_ok=True)


def _outcomes(ray, orders: Sequence[Order], home: Home, fleet: Fleet, mark: str) -> Iterator[Outcome]:
    """What came of each order, as they end. Only so many are on their way at a time as keep every slot busy."""
    # A worker is kept from one class to the next, GPU or not: starting PyTorch anew takes seconds.
    remote = ray.remote(num_cpus=1, num_gpus=fleet.gpus, max_retries=MAX_RETRIES, max_calls=0)(work)
    networks = (BASE_NAME, EVALUATOR_NAME, FEATURE_NETWORK_NAME)
    shared_weights = ray.put(
        {name: _content(home.checkpoints / name) for name in networks}
    )  # fetched once by each node
    waiting, under_way = iter(orders), {}
    while True:
        most = math.ceil(QUEUED_PER_SLOT * max(1.0, ray.cluster_resources().get("CPU", 1.0)))
        while len(under_way) < most and (order := next(waiting, None)):
            under_way[remote.remote(task_of(order, home, fleet, mark), shared_weights)] = order
        if not under_way:
            return
        (ended,), _ = ray.wait(list(under_way), num_returns=1)
        class_name = under_way.pop(ended).class_name
        try:
            yield ray.get(ended)
        except ray.exceptions.RayError as error:
            yield Outcome(class_name, "failed", _sentence_for(error, ray))


def task_of(order: Order, home: Home, fleet: Fleet, mark: str) -> Task:
    """What a worker needs to know to carry out an order."""
    device, group = "cuda" if fleet.gpus else "cpu", GROUP if is_tracking_on() else ""
    current = _content(checkpoint_path(home.checkpoints, order.class_name)) if fleet.address else None
    return Task(order, home, mark, device, current, group)


def _sentence_for(error: Exception, ray) -> str:
    """Why nothing came back of a class."""
    lines = str(error).strip().splitlines() or [""]
    if isinstance(error, ray.exceptions.RayTaskError):  # with a traceback; what a task raises it says in its outcome
        return f"Its worker could not begin ({lines[-1][:200]}); is every machine's copy of this repository the same?"
    return f"Its workers died {MAX_RETRIES + 1} times ({type(error).__name__}: {lines[0][:200]}); try again."


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None


def _landed(outcome: Outcome, home: Home) -> Outcome:
    """The outcome, once what came back with it is where it belongs."""
    if not outcome.files:
        return outcome
    try:
        land(outcome, home)
    except (CheckpointError, ValueError, OSError) as error:
        return Outcome(outcome.class_name, "failed", sentence_for(error), outcome.host)
    if is_tracking_on():
        track(Run(home.runs / outcome.run_id), GROUP)
    return outcome


def _push(push: Push, paths: Sequence[Path], fleet_progress: FleetProgress) -> list[Path]:
    """Push checkpoints. Returns those that are to be pushed later, which is all if the Hub does not take them."""
    there = [path for path in paths if path.exists()]
    try:
        if there:
            fleet_progress.add_push(push(there))
        fleet_progress.failures.pop(HUB, None)
    except (OSError, ValueError) as error:
        fleet_progress.failures[HUB] = sentence_for(error)
        return there
    return []
