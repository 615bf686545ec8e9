"""What a host allows: a handful of numbers from the environment, each with its bounds. See docs/hosting.md."""

import math
import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields


def _setting(default: float, variable: str, low: float, high: float) -> float:
    return field(default=default, metadata={"variable": variable, "low": low, "high": high})


@dataclass(frozen=True)
class Settings:
    """training: 1 if visitors may train at all. proxies: how many proxies before the app are to be believed.

    max_minutes, max_rows: of one run. runs_per_hour: of one visitor. queue_length: runs that wait or work.
    cache_mb, runs_mb: disk for fetched drawings, and for the page's runs. keep_runs: how many of those are kept.
    publish: 1 if what visitors train goes to the collection DOODLES_HUB, with the token of HF_TOKEN.
    """

    training: int = _setting(1, "DOODLES_TRAINING", 0, 1)
    max_minutes: float = _setting(60, "DOODLES_MAX_MINUTES", 0.5, 1440)
    max_rows: int = _setting(20_000, "DOODLES_MAX_ROWS", 100, 1_000_000)
    runs_per_hour: int = _setting(20, "DOODLES_RUNS_PER_HOUR", 1, 10_000)
    queue_length: int = _setting(20, "DOODLES_QUEUE", 1, 1000)
    cache_mb: int = _setting(5000, "DOODLES_CACHE_MB", 100, 10_000_000)
    runs_mb: int = _setting(5000, "DOODLES_RUNS_MB", 100, 10_000_000)
    publish: int = _setting(0, "DOODLES_PUBLISH", 0, 1)
    keep_runs: int = _setting(200, "DOODLES_KEEP_RUNS", 1, 100_000)
    proxies: int = _setting(0, "DOODLES_PROXY", 0, 5)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Raises ValueError with a sentence for a value that is no number or out of bounds."""
        given = {each.name: environment.get(each.metadata["variable"], "").strip() for each in fields(cls)}
        return cls(**{each.name: _number(each, given[each.name]) for each in fields(cls) if given[each.name]})


def is_zero_gpu() -> bool:
    """Whether this is a Space that is lent a GPU for a call at a time, so that no worker of its own can train."""
    return bool(os.environ.get("SPACES_ZERO_GPU"))


def _number(setting: object, text: str) -> float:
    low, high = setting.metadata["low"], setting.metadata["high"]
    kind = "a number" if setting.type is float else "a whole number"
    try:
        number = setting.type(text)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        variable = setting.metadata["variable"]
        raise ValueError(f"{variable} is “{text[:40]}”; give {kind} from {low:g} to {high:.10g}, or leave it out.")
    return number
