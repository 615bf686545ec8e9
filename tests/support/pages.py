"""The project's own texts, and the examples in them."""

import re
import textwrap

from model.files.folders import REPOSITORY

PAGES = [
    path.relative_to(REPOSITORY).as_posix()
    for path in (*sorted(REPOSITORY.glob("*.md")), *sorted((REPOSITORY / "docs").glob("*.md")))
]
_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)


def text_of(page: str) -> str:
    return (REPOSITORY / page).read_text(encoding="utf-8")


def examples(page: str, language: str) -> list[str]:
    """The fenced blocks of a page in one language, in order."""
    return [textwrap.dedent(code) for _, kind, code in _FENCED.findall(text_of(page)) if kind == language]


def prose(page: str) -> str:
    """A page without its fenced blocks."""
    return _FENCED.sub("", text_of(page))
