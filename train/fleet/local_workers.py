"""Training several classes at once in processes of this machine.

A process is kept from one class to the next, because starting PyTorch takes seconds. One that dies is replaced, and
the new one resumes the class from its snapshot.
"""

import contextlib
import os
import signal
import threading
from collections.abc import Generator, Iterator, Sequence
from multiprocessing import get_context, parent_process
from multiprocessing.connection import Connection, wait

import torch

from train.fleet.messages import NO_GPU, workers_died
from train.fleet.task import GROUP, MAX_RETRIES, Outcome, Task, work
from train.home import Home
from train.runs.order import Order
from train.tracking.sending import is_tracking_on


def train_locally(
    orders: Sequence[Order], home: Home, num_workers: int, gpu_share: float
) -> Generator[Outcome, None, None]:
    """Yield the outcome of each order as it ends. gpu_share: of one GPU, for each class; 0 trains on the CPU.

    Each worker holds one task and the rest waits here, so memory doesn't grow with the number of classes.
    Raises ValueError if a GPU is needed and there is none. Closing the iterator ends the workers at once.
    """
    device, group = "cuda" if gpu_share else "cpu", GROUP if is_tracking_on() else ""
    tasks = (Task(order, home, device, group) for order in orders)
    workers = [_Worker(gpu) for gpu in _assign_gpus(min(num_workers, len(orders)), gpu_share)]
    try:
        for worker, task in zip(workers, tasks, strict=False):
            worker.give(task)
        while busy := [worker for worker in workers if worker.task]:
            ready = wait([worker.connection for worker in busy])
            for worker in busy:
                if worker.connection in ready and (outcome := worker.collect()):
                    yield outcome
                    worker.give(next(tasks, None))
    finally:
        for worker in workers:
            worker.end()


def _assign_gpus(num_workers: int, gpu_share: float) -> list[int | None]:
    """The number of each worker's GPU, None for the CPU. There are fewer workers if the GPUs have no room for more."""
    if not gpu_share:
        return [None] * num_workers
    num_gpus, num_per_gpu = torch.cuda.device_count(), int(1 / gpu_share + 1e-9)
    if not num_gpus:
        raise ValueError(NO_GPU)
    return [number // num_per_gpu for number in range(min(num_workers, num_gpus * num_per_gpu))]


class _Worker:
    """A process that trains one class after another. task: the one it's working on."""

    def __init__(self, gpu: int | None):
        self.gpu, self.num_deaths = gpu, 0
        self.task: Task | None = None
        self._start()

    def give(self, task: Task | None) -> None:
        self.task, self.num_deaths = task, 0
        self._send()

    def collect(self) -> Outcome | None:
        """The outcome of the task; None if the process died and another one is retrying it. Waits until it's known."""
        assert self.task
        try:
            return self.connection.recv()
        except (EOFError, OSError):
            self.process.join()
        self.connection.close()
        self.num_deaths += 1
        reason = f"exit code {self.process.exitcode}"
        self._start()
        if self.num_deaths > MAX_RETRIES:
            return Outcome(self.task.order.class_name, "failed", workers_died(self.num_deaths, reason))
        self._send()
        return None

    def end(self) -> None:
        self.process.terminate()
        self.process.join()
        self.connection.close()

    def _start(self) -> None:
        context = get_context("spawn")  # PyTorch's threads don't survive a fork
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, self.gpu), daemon=True)
        with _interrupts_blocked():
            self.process.start()
        theirs.close()  # so that the connection ends with the process

    def _send(self) -> None:
        with contextlib.suppress(OSError):  # the process has died, which collect() notices
            if self.task:
                self.connection.send(self.task)


@contextlib.contextmanager
def _interrupts_blocked() -> Iterator[None]:
    """Start a process that Ctrl-C doesn't reach, so that it leaves no traceback on the terminal."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _serve(connection: Connection, gpu: int | None) -> None:
    """The process of a worker."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the driver ends us
    threading.Thread(target=_end_with_driver, daemon=True).start()
    if gpu is not None:
        torch.cuda.set_device(gpu)
    with contextlib.suppress(EOFError):
        while True:
            connection.send(work(connection.recv(), {}))


def _end_with_driver() -> None:
    driver = parent_process()
    assert driver
    wait([driver.sentinel])
    os._exit(1)
