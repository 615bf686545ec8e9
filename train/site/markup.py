"""The markup and styles in `studio/`, each beside the scripts that use it."""

from model.files.folders import REPOSITORY

STUDIO = REPOSITORY / "studio"


def asset(*names: str) -> str:
    """The text of files of `studio/`, such as "draw/draw.css", one after the other."""
    return "".join((STUDIO / name).read_text(encoding="utf-8") for name in names)


def tab_html(tab: str) -> str:
    """The markup of a tab, with the parts that tabs share in place of words in capitals."""
    watch = asset("shared/watch.html")
    parts = {
        "PICKER": picker_html(tab),
        "WATCH_THEM": watch.replace("WHAT", "them"),
        "WATCH_IT": watch.replace("WHAT", "it"),
        "FILES": asset("shared/files.html"),
    }
    html = asset(f"{tab}/{tab}.html")
    for word, part in parts.items():
        html = html.replace(word, part)
    return html


def picker_html(tab: str, label: str = "Class") -> str:
    return asset("shared/picker.html").replace("TAB", tab).replace("LABEL", label)
