"""An order: what to train and for how long, checked."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

from model.files.checkpoint import check_name
from model.quickdraw.classes import CLASS_NAMES, mixture_name, slug
from train.config import DOODLE, Config
from train.data import DEFAULT_ROWS, check_extra_folder

COMMAND_LINE = "command line"  # requested_by of runs that the page's worker leaves alone
RESERVED_NAMES = ("snapshot", "best")  # of files in a run's folder, beside the checkpoint
MAX_CLASSES = 5
MAX_SECONDS = 24 * 3600


@dataclass(frozen=True)
class Order:
    """What to train. class_name: the checkpoint's name. class_names: the dataset's classes that it learns from.

    also: a folder of extra drawings of the same classes, for training but never for measuring.
    num_steps, epochs, seconds: how long, whichever ends first; at least one is given. Raises ValueError.
    """

    class_name: str
    class_names: tuple[str, ...]
    source: str
    also: str | None = None
    num_rows: int = DEFAULT_ROWS
    num_steps: int | None = None
    epochs: float | None = None
    seconds: float | None = None
    replace: bool = False
    requested_by: str = COMMAND_LINE
    config: Config = field(default_factory=lambda: DOODLE)

    @property
    def is_base(self) -> bool:
        """Whether this trains the shared base of all classes."""
        return self.class_names == CLASS_NAMES

    def num_steps_for(self, num_drawings: int) -> int | None:
        """The limit of steps with so many drawings; None if only the time is limited."""
        by_epochs = [math.ceil(self.epochs * num_drawings / self.config.batch_size)] if self.epochs is not None else []
        return min([*by_epochs, *([self.num_steps] if self.num_steps is not None else [])], default=None)

    def __post_init__(self) -> None:
        check_name(self.class_name)
        if slug(self.class_name) in RESERVED_NAMES:
            raise ValueError(f"The name “{self.class_name}” is reserved for a file of the run; use another name.")
        if not self.is_base and not 1 <= len(self.class_names) <= MAX_CLASSES:
            raise ValueError(f"A generator learns from 1 to {MAX_CLASSES} classes, not {len(self.class_names)}.")
        check_extra_folder(self.also, self.source)
        if self.num_steps is None and self.epochs is None and self.seconds is None:
            raise ValueError("Say how long to train: give steps, epochs or minutes.")
        if self.num_steps is not None and not 1 <= self.num_steps <= 10_000_000:
            raise ValueError(f"{self.num_steps:,} steps are not allowed; use 1 to 10,000,000.")
        if self.epochs is not None and not 0 < self.epochs <= 100_000:
            raise ValueError(f"{self.epochs:,g} epochs are not allowed; use more than 0 and at most 100,000.")
        if self.seconds is not None and not 1 <= self.seconds <= MAX_SECONDS:
            raise ValueError(
                f"{self.seconds / 60:g} minutes are not allowed; use 1 second to {MAX_SECONDS // 60} minutes."
            )
        if not 1 <= self.num_rows <= 1_000_000:
            raise ValueError(f"{self.num_rows:,} drawings per class are not allowed; use 1 to 1,000,000.")


def page_order(
    class_names: Sequence[str], config: Config, minutes: float, source: str, visitor: str, max_minutes: float
) -> Order:
    """A visitor's order. max_minutes: the host's limit, for the error message. Raises ValueError."""
    is_number = isinstance(minutes, (int, float)) and not isinstance(minutes, bool)
    if not is_number or not abs(minutes) < 1e300:  # NaN, or more than a float holds
        raise ValueError("The minutes must be a number.")
    if not 1 <= 60 * minutes <= MAX_SECONDS:
        raise ValueError(f"{minutes:g} minutes are not allowed; use 1 second to {max_minutes:g} minutes.")
    name = default_name(class_names, config)
    ordered = tuple(sorted(class_names))  # so that a mixture is the same order in any order of its classes
    return Order(name, ordered, source, seconds=60.0 * minutes, requested_by=visitor, config=config)


def default_name(class_names: Sequence[str], config: Config) -> str:
    """A checkpoint's name unless another is given: "cat", "cat+dog", "cat (superdeep)"."""
    suffix = "" if config.recipe == DOODLE.recipe else f" ({config.recipe})"
    return mixture_name(class_names) + suffix
