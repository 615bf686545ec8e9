"""How far an upload in several commits is."""

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """num_done of num_total checkpoints are on the Hub. url: of the last commit."""

    num_done: int
    num_total: int
    url: str


Report = Callable[[Progress], None]


def no_report(progress: Progress) -> None:
    """A Report for callers that wait for the end."""
