"""Reading the JSON in a file's header, which may be damaged or forged: values come out checked and typed.

Every function raises ValueError for a value that it doesn't accept.
"""

import json
from collections.abc import Mapping

MAX_TEXT_LENGTH = 2000
MAX_COUNT = 10**12
MAX_FIGURE = 1e12
MAX_SEEDS = 64


def read_object(header: Mapping[str, str], name: str) -> dict[str, object]:
    """The JSON object in the field `name` of a header."""
    return mapping(read_json(header, name))


def read_json(header: Mapping[str, str], name: str) -> object:
    """The JSON value in the field `name` of a header."""
    if name not in header:
        raise ValueError(f"The header has no {name}.")
    try:
        return json.loads(header[name])
    except RecursionError as error:
        raise ValueError(f"The header's {name} is nested too deeply.") from error


def mapping(value: object) -> dict[str, object]:
    """A JSON object whose keys are texts."""
    if not isinstance(value, dict):
        raise ValueError("That is not an object.")
    return {text(key): each for key, each in value.items()}


def text(value: object) -> str:
    """A text that can be shown, sent and stored: short enough, no line breaks, no halves of characters."""
    if not isinstance(value, str) or len(value) > MAX_TEXT_LENGTH or not value.isprintable():
        raise ValueError("That is not a printable text.")
    return value


def count(value: object) -> int:
    """How many of something there are."""
    if type(value) is not int or not 0 <= value < MAX_COUNT:
        raise ValueError("That is not a count.")
    return value


def counts(value: object) -> dict[str, int]:
    return {key: count(each) for key, each in mapping(value).items()}


def figure(value: object) -> float:
    """A measured number, finite and of a plausible size."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not abs(value) < MAX_FIGURE:
        raise ValueError("That is not a figure.")
    return value


def seeds(value: object) -> tuple[int, ...]:
    """A short list of seeds, each 0 to 2^32 - 1."""
    if not isinstance(value, list) or len(value) > MAX_SEEDS or any(count(each) >= 2**32 for each in value):
        raise ValueError("That is not a list of seeds.")
    return tuple(value)
