"""A log whose lines stay short, because they may quote what a visitor sent."""

import io
import re

MAX_LINE, MAX_TEXT = 1000, 20_000  # characters of a line, and of what is written at once


class ShortLines(io.TextIOWrapper):
    """A text stream that cuts long lines and long texts. Gradio prints errors with the values that caused them."""

    def write(self, text: str) -> int:
        lines = text[:MAX_TEXT] + ("…\n" if len(text) > MAX_TEXT else "")
        super().write(re.sub(rf"(?<=[^\n]{{{MAX_LINE}}})[^\n]+", "…", lines))
        return len(text)


def short_lines(stream: io.TextIOWrapper) -> ShortLines:
    """The same stream with short lines; it takes the place of `stream`, which is no longer usable."""
    return ShortLines(stream.detach(), encoding=stream.encoding, errors=stream.errors, line_buffering=True)
