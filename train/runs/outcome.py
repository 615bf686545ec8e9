"""What comes of a run, as data. messages.py puts it into words."""

from dataclasses import dataclass
from typing import Literal

PromotionKind = Literal["promoted", "kept", "nothing_to_compare", "too_early"]
Blocked = Literal["read_only", "disk_full"]


@dataclass(frozen=True)
class Promotion:
    """Whether a run's generator became the checkpoint that people draw with.

    promoted: it did. kept: the existing checkpoint is better. nothing_to_compare: an existing checkpoint was kept,
    because nothing can tell which is better. too_early: the run was stopped before MIN_STEPS, so it has none.
    Distances are to real drawings; None if they were not measured.
    """

    kind: PromotionKind
    new_distance: float | None = None
    old_distance: float | None = None


@dataclass(frozen=True)
class Incomplete:
    """A class whose source failed, so that a run uses the drawings that were downloaded before."""

    class_name: str
    num_drawings: int
    reason: str
