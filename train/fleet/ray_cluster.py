"""Training many classes at once on a Ray cluster: one task per class.

If a worker or a whole node dies, another one takes over its task, and resumes from the snapshot if it sees the same
home. Every node needs this repository at the same path with requirements-fleet.txt installed, for example on a shared
disk or in an image. Ray trusts everyone who reaches its ports: keep a cluster in a network of its own.
"""

import contextlib
import math
import os
import secrets
import socket
from collections.abc import Generator, Iterator, Sequence
from pathlib import Path
from types import ModuleType

from model.files.checkpoint import checkpoint_path
from model.files.classifiers import EVALUATOR_NAME, FEATURE_NETWORK_NAME
from model.files.shared_base import BASE_NAME
from train.fleet.messages import NO_GPU, NO_RAY, no_cluster, worker_could_not_start, workers_died
from train.fleet.task import GROUP, MAX_RETRIES, Outcome, Task, work
from train.home import Home
from train.runs.order import Order
from train.tracking.sending import is_tracking_on

CONNECT_SECONDS = 5.0
QUEUED_PER_SLOT = 2  # tasks given to Ray for each one that it can work on, so that 345 take no more memory than 10


def train_on_cluster(
    orders: Sequence[Order], home: Home, address: str, gpu_share: float
) -> Generator[Outcome, None, None]:
    """Yield the outcome of each order as it ends. gpu_share: of one GPU, for each class; 0 trains on the CPU.

    Raises ValueError if Ray isn't installed, or the cluster can't be used.
    """
    ray = _import_ray()
    with _connected(ray, address), _marker(home) as marker:
        if gpu_share and not ray.cluster_resources().get("GPU"):
            raise ValueError(NO_GPU)
        # A worker is kept from one class to the next, also on a GPU: starting PyTorch takes seconds.
        train = ray.remote(num_cpus=1, num_gpus=gpu_share, max_retries=MAX_RETRIES, max_calls=0)(work)
        names = (BASE_NAME, EVALUATOR_NAME, FEATURE_NETWORK_NAME)
        shared_weights = ray.put({name: _content(home.checkpoints / name) for name in names})  # once for each node
        device, group = "cuda" if gpu_share else "cpu", GROUP if is_tracking_on() else ""
        waiting = iter(orders)
        submitted: dict[object, str] = {}  # Ray's reference to a task -> its class name
        while True:
            limit = math.ceil(QUEUED_PER_SLOT * max(1.0, ray.cluster_resources().get("CPU", 1.0)))
            while len(submitted) < limit and (order := next(waiting, None)):
                current = _content(checkpoint_path(home.checkpoints, order.class_name))
                task = Task(order, home, device, group, marker, current)
                submitted[train.remote(task, shared_weights)] = order.class_name
            if not submitted:
                return
            (ended,), _ = ray.wait(list(submitted), num_returns=1)
            yield _outcome(ray, ended, submitted.pop(ended))


def _import_ray() -> ModuleType:
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
    except ImportError as error:
        raise ValueError(NO_RAY) from error
    return ray


@contextlib.contextmanager
def _connected(ray: ModuleType, address: str) -> Iterator[None]:
    try:
        _check_reachable(address)
        ray.init(address, log_to_driver=False, logging_level="ERROR")
    except (RuntimeError, ValueError, ImportError, OSError) as error:
        raise ValueError(no_cluster(address, str(error).partition("\n")[0][:200])) from error
    try:
        yield
    finally:
        ray.shutdown()


def _check_reachable(address: str) -> None:
    """Raises OSError if nothing listens at host:port. Ray itself would try for two minutes and then end the process."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), CONNECT_SECONDS).close()


@contextlib.contextmanager
def _marker(home: Home) -> Iterator[str]:
    """The name of a new file in the home's runs, which tells a worker whether it sees this home."""
    home.runs.mkdir(parents=True, exist_ok=True)
    path = home.runs / f"fleet-{secrets.token_hex(8)}"
    path.touch()
    try:
        yield path.name
    finally:
        path.unlink(missing_ok=True)


def _outcome(ray: ModuleType, ended: object, class_name: str) -> Outcome:
    try:
        return ray.get(ended)
    except ray.exceptions.RayTaskError as error:  # before our own code ran, which never raises
        reason = str(error).strip().rpartition("\n")[2]
        return Outcome(class_name, "failed", worker_could_not_start(reason[:200]))
    except ray.exceptions.RayError as error:
        reason = f"{type(error).__name__}: {str(error).strip().partition(chr(10))[0][:200]}"
        return Outcome(class_name, "failed", workers_died(MAX_RETRIES + 1, reason))


def _content(path: Path) -> bytes | None:
    return path.read_bytes() if path.exists() else None
