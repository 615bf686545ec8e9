"""What a host allows: a few numbers from environment variables, each with its bounds. docs/hosting.md lists them."""

import math
import os
from collections.abc import Mapping
from dataclasses import Field, dataclass, field, fields
from typing import TypeVar

Number = TypeVar("Number", int, float)


def _setting(default: Number, variable: str, low: float, high: float) -> Number:
    return field(default=default, metadata={"variable": variable, "low": low, "high": high})


@dataclass(frozen=True)
class Settings:
    """training: 1 if visitors may train at all. proxies: how many proxies in front of the app to trust.

    max_minutes, max_rows: of one run. runs_per_hour: of one visitor. queue_length: of waiting and running runs.
    cache_mb, runs_mb: disk space for downloaded drawings and for the page's runs. keep_runs: how many of those to keep.
    publish: 1 to push what visitors train to the collection DOODLES_HUB, with the token HF_TOKEN.
    """

    training: int = _setting(1, "DOODLES_TRAINING", 0, 1)
    max_minutes: float = _setting(60.0, "DOODLES_MAX_MINUTES", 0.5, 1440)
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
        """Raises ValueError for a value that isn't a number or is out of bounds."""
        settings = cls()
        for each in fields(cls):
            if text := environment.get(each.metadata["variable"], "").strip():
                object.__setattr__(settings, each.name, _number(each, text))  # frozen only for others
        return settings


def is_zero_gpu() -> bool:
    """Whether this is a ZeroGPU Space, which lends visitors a GPU for one call at a time, so no worker can train."""
    return bool(os.environ.get("SPACES_ZERO_GPU"))


def _number(setting: "Field[float]", text: str) -> float:
    variable, low, high = (setting.metadata[key] for key in ("variable", "low", "high"))
    is_whole = setting.type is int
    try:
        number = int(text) if is_whole else float(text)
    except ValueError:
        number = math.nan
    if not low <= number <= high:
        kind = "a whole number" if is_whole else "a number"
        raise ValueError(f"{variable} is “{text[:40]}”; set it to {kind} from {low:g} to {high:.10g}, or unset it.")
    return number
