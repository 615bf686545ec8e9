"""Executing a run in a terminal, with a progress bar."""

import signal

from tqdm import tqdm

from train.execution.execution import execute
from train.home import Home
from train.loop import Progress
from train.runs.run import Run


def follow(run: Run, home: Home, device: str) -> None:
    """Execute a run and show its progress. Ctrl-C once stops it and keeps its results; twice aborts it."""

    def stop(*_: object) -> None:
        signal.signal(signal.SIGINT, signal.default_int_handler)
        run.ask_to_stop()

    before = signal.signal(signal.SIGINT, stop)
    try:
        print(f"Run {run.id} on {device}")
        with tqdm(total=100, bar_format="{l_bar}{bar}| {elapsed}<{remaining} {postfix}") as bar:
            for progress in execute(run, home, device, notify=bar.set_postfix_str):
                bar.set_postfix_str(_line(progress), refresh=False)
                bar.update(100 * progress.fraction - bar.n)
    finally:
        signal.signal(signal.SIGINT, before)
    print(run.status().sentence)
    print(f"Drawings, loss curves and animation: {run.folder}")


def _line(progress: Progress) -> str:
    return (
        f"step {progress.step}, D {progress.loss_discriminator:.2f}, G {progress.loss_generator:.2f}, "
        f"{progress.images_per_second:.0f} images/s"
    )
