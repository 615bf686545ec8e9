"""The training loop: `fit` advances a training and yields its progress."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from train.training import Training


@dataclass(frozen=True)
class Progress:
    """The progress of a run. Losses are means since the last report; `fraction` is of the whole run, 0..1.

    distance: between the averaged generator's drawings and real ones, if it was measured.
    """

    step: int
    seconds: float
    fraction: float
    images_per_second: float
    loss_discriminator: float
    loss_generator: float
    distance: float | None = None

    @property
    def seconds_left(self) -> float | None:
        """Roughly how long the rest takes; None at the beginning."""
        return self.seconds * (1 - self.fraction) / self.fraction if self.fraction else None


class TrainingError(RuntimeError):
    """A run can't continue; the message is one sentence that says why."""


class DivergenceError(TrainingError):
    """Losses or weights are no longer finite; continuing from a snapshot at a lower learning rate may help."""


def fit(
    training: Training, num_steps: int | None = None, seconds: float | None = None, every: int | None = None
) -> Iterator[Progress]:
    """Train until `training` has done `num_steps` steps or `seconds` of work in total, whichever comes first.

    Yields Progress about once a second, at the end, and at all multiples of `every` steps. The caller may look at
    `training`, save it or stop at any yield; that time counts as work. Raises DivergenceError when losses or weights
    are no longer finite.
    """
    if num_steps is None and seconds is None:
        raise ValueError("Say how long to train: give steps or seconds.")
    losses: list[tuple[float, float]] = []
    started, reported = time.monotonic() - training.seconds, time.monotonic()
    while True:
        training.seconds = time.monotonic() - started
        fraction = _fraction(training, num_steps, seconds)
        elapsed = time.monotonic() - reported
        if losses and (fraction == 1 or elapsed >= 1 or (every and training.step % every == 0)):
            means = np.mean(losses, axis=0).tolist()
            if not (np.isfinite(means).all() and training.is_finite()):
                raise DivergenceError(f"The losses diverged at step {training.step}.")
            images_per_second = len(losses) * training.config.batch_size / max(1e-9, elapsed)
            yield Progress(training.step, training.seconds, fraction, images_per_second, *means)
            losses, reported = [], time.monotonic()
        if fraction == 1:
            return
        training.set_rate(fraction)
        losses.append(training.advance())


def _fraction(training: Training, num_steps: int | None, seconds: float | None) -> float:
    """How much of the run is done, 0..1."""
    by_steps = training.step / max(1, num_steps) if num_steps is not None else 0.0
    by_time = training.seconds / max(1e-9, seconds) if seconds is not None else 0.0
    return min(1.0, max(by_steps, by_time))
