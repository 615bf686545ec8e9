"""The page's own files: markup, styles and scripts, each beside the Python that uses it."""

from pathlib import Path

STUDIO = Path(__file__).resolve().parents[1]


def asset(*names: str) -> str:
    """The text of files of `studio/`, such as "draw/draw.css", one after the other."""
    return "".join((STUDIO / name).read_text(encoding="utf-8") for name in names)
