"""Output in the terminal's own encoding, also where that lacks a character, as ASCII lacks curly quotes."""

import codecs
import io
import sys

_PLAIN = {"“": '"', "”": '"', "‘": "'", "’": "'", "…": "...", "·": "-", "×": "x", "→": "->"}
_NAME = "endless-doodles"  # of the way to handle characters that an encoding lacks


def write_anywhere() -> None:
    """From now on, replace what the terminal, file or pipe that we print to can't show, instead of failing."""
    codecs.register_error(_NAME, _replaced)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=_NAME)


def _replaced(error: UnicodeError) -> tuple[str | bytes, int]:
    """What to write instead of the first character that can't be encoded, and where to continue."""
    assert isinstance(error, UnicodeEncodeError)
    character, after = error.object[error.start], error.start + 1
    if "\udc80" <= character <= "\udcff":  # a byte of a file's name, which Python couldn't decode either
        return character.encode("utf-8", "surrogateescape"), after
    return _PLAIN.get(character) or character.encode("ascii", "backslashreplace").decode("ascii"), after
