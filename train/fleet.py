"""Many classes at a time, on the cores of this machine or on a Ray cluster: one task per class.

Whatever dies, a worker or a whole node, its task goes to another, which resumes from the run's snapshot if it sees the
same home. Every node has this repository at the same path, with requirements-fleet.txt installed; a shared disk does
that, and so does one image for all. Ray trusts whoever reaches its ports: keep a cluster in a network of its own.
"""

import argparse
import contextlib
import json
import math
import os
import secrets
import socket
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from tqdm import tqdm

from model.base import BASE_NAME
from model.checkpoint import checkpoint_path
from model.evaluator import EVALUATOR_NAME
from model.guide import GUIDE_NAME
from model.weights import CheckpointError
from train.execute import sentence_for
from train.home import Home
from train.order import Order
from train.take_up import done_orders
from train.task import Outcome, Task, land, work

INSTALL = "pip install -r requirements-fleet.txt"
MAX_WORKERS = 256
CONNECT_SECONDS = 5.0
MAX_RETRIES = 5  # of a task whose worker or node died
QUEUED_PER_SLOT = 2  # tasks handed to Ray for each that it can work on, so that 345 take no more memory than 10
PUSH_BATCH = 45  # checkpoints in one commit: with as many previews, an index and a card fewer than 100 files
STORE_BYTES = 200_000_000  # for what passes between processes on one machine

Push = Callable[[Sequence[Path]], None]  # commits published checkpoints to the Hub; raises OSError or ValueError


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


@dataclass
class Tally:
    """What came of how many classes. failures: the sentence of each class that failed."""

    total: int
    failures: dict[str, str] = field(default_factory=dict)
    finished: int = 0
    began: float = field(default_factory=time.monotonic)


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

    failures: those of classes that got no order. push: gets what was published, PUSH_BATCH checkpoints at most a time.
    Raises ValueError without Ray, or for a cluster that can't be used.
    """
    ray = _import_ray()
    done = done_orders(home)
    waiting = [order for order in orders if order not in done]
    tally = Tally(len(waiting), dict(failures or {}))
    say = (lambda line: None) if fleet.as_json else print
    if len(waiting) < len(orders):
        say(f"{len(orders) - len(waiting)} of {len(orders)} classes are done already.")
    if waiting:
        progress = partial(tqdm, total=len(waiting), unit="class", disable=fleet.as_json)
        with _connected(ray, fleet), _marked(home) as mark, progress() as bar:
            published = []
            for outcome in _outcomes(ray, waiting, home, fleet, mark):
                outcome = _landed(outcome, home)
                _record(outcome, tally, fleet, bar)
                if outcome.state == "done":
                    published.append(checkpoint_path(home.checkpoints, outcome.class_name))
                if push and (len(published) == PUSH_BATCH or tally.finished == tally.total):
                    _push(push, [path for path in published if path.exists()], tally)
                    published = []
    if fleet.as_json:
        print(json.dumps({"finished": tally.finished, "skipped": len(done & set(orders)), "failures": tally.failures}))
    else:
        _print_failures(tally)
    return 1 if tally.failures else 0


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
    networks = (BASE_NAME, EVALUATOR_NAME, GUIDE_NAME)
    kit = ray.put({name: _content(home.checkpoints / name) for name in networks})  # fetched once by each node
    device = "cuda" if fleet.gpus else "cpu"
    waiting, under_way = iter(orders), {}
    while True:
        most = math.ceil(QUEUED_PER_SLOT * max(1.0, ray.cluster_resources().get("CPU", 1.0)))
        while len(under_way) < most and (order := next(waiting, None)):
            standing = _content(checkpoint_path(home.checkpoints, order.class_name)) if fleet.address else None
            under_way[remote.remote(Task(order, home, mark, device, standing), kit)] = order
        if not under_way:
            return
        (ended,), _ = ray.wait(list(under_way), num_returns=1)
        class_name = under_way.pop(ended).class_name
        try:
            yield ray.get(ended)
        except ray.exceptions.RayError as error:
            first_line = str(error).partition("\n")[0][:200]
            sentence = f"Its workers died {MAX_RETRIES + 1} times ({type(error).__name__}: {first_line}); try again."
            yield Outcome(class_name, "failed", sentence)


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
    return outcome


def _record(outcome: Outcome, tally: Tally, fleet: Fleet, bar: tqdm) -> None:
    tally.finished += 1
    if outcome.state == "failed":
        tally.failures[outcome.class_name] = outcome.sentence
    if fleet.as_json:
        seconds = round(time.monotonic() - tally.began, 1)
        told = {key: value for key, value in asdict(outcome).items() if key not in ("files", "published", "run_id")}
        line = told | {"finished": tally.finished, "total": tally.total, "seconds": seconds}
        print(json.dumps(line, ensure_ascii=False), flush=True)
        return
    bar.write(f"{outcome.class_name}: {outcome.sentence}", file=sys.stdout)
    bar.update()


def _push(push: Push, paths: Sequence[Path], tally: Tally) -> None:
    try:
        if paths:
            push(paths)
    except (OSError, ValueError) as error:
        tally.failures["the Hub"] = sentence_for(error)


def _print_failures(tally: Tally) -> None:
    """A table of the classes that failed, each with its sentence."""
    if tally.failures:
        width = max(map(len, tally.failures))
        print(f"{len(tally.failures)} failed:")
        for class_name, sentence in tally.failures.items():
            print(f"  {class_name:{width}}  {sentence}")
