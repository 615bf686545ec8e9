"""Draw what the page shows, to a file."""

import argparse
import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from model.drawing.latents import MAX_PSI, MAX_STYLE
from model.drawing.look import LOOKS, PEN, PIXELS, Look
from model.drawing.picking import picked
from model.drawing.sampler import Sampler
from model.drawing.view import View, read_view
from model.exports.export import DRAWING_KINDS, MORPH_KINDS, export
from model.files.folders import checkpoint_folders, home_from_environment
from model.files.writing import write_file
from model.hub.collection import Collection
from model.quickdraw.classes import slug
from model.system.proxies import prepare_proxies
from model.system.terminal import write_anywhere
from model.tracing.settings import MAX_WIDTH, MIN_WIDTH, WIDTH

T = TypeVar("T")

# Options that an option overrides.
_MEANINGLESS_WITH = {
    "link": ("seed", "count", "seeds", "pick", "psi", "style", "latent", "keys", "into", "look", "width"),
    "keys": ("seed", "count", "seeds", "pick", "style"),
    "latent": ("seed", "seeds", "pick"),
    "seeds": ("seed", "count", "pick"),
    "large": ("scale",),
    "transparent": ("scale",),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 after printing one sentence about what was wrong."""
    write_anywhere()
    parser = _parser()
    options = parser.parse_args(_with_lists(sys.argv[1:] if arguments is None else arguments))
    try:
        prepare_proxies()
        collection = Collection.from_environment(is_strict=True)
        sampler = Sampler(checkpoint_folders(home_from_environment()), collection=collection)
        _check_combination(options, parser)
        view = _view(options, sampler)
        path = options.out or Path(f"{slug(view.class_name)}.{'gif' if view.keys else 'png'}")
        kind = path.suffix.removeprefix(".").lower()
        _check_kind(options, kind, view)
        content = export(sampler, view, _exact_kind(options, kind, view), options.scale)
        _write(path, content)
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    print(path)
    if options.pick:
        print(f"seeds {','.join(map(str, view.all_seeds))}")
    return 0


def _write(path: Path, content: bytes) -> None:
    """Raises ValueError."""
    try:
        write_file(path, content)
    except OSError as error:
        raise ValueError(f"{path} can't be written ({error.strerror or error}); choose another --out.") from error


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__)
    add = parser.add_argument
    add("class_name", metavar="CLASS", nargs="?", help="what to draw, such as cat")
    add("--seed", type=int, default=0, help="the first seed (default: %(default)s)")
    add("--count", type=int, default=1, help="how many drawings, with consecutive seeds (default: %(default)s)")
    add("--seeds", type=_numbers(int), default=(), metavar="SEED,SEED,...", help="these seeds instead")
    add("--pick", action="store_true", help="the most recognisable ones among the next seeds (at least 64)")
    add("--psi", type=float, default=1.0, help=f"0 to {MAX_PSI:g}; lower is more typical (default: %(default)s)")
    style_help = f"how far to move along style directions, each -{MAX_STYLE:g} to {MAX_STYLE:g}"
    add("--style", type=_numbers(float), default=(), metavar="A,B,...", help=style_help)
    add(
        "--latent",
        type=_numbers(float),
        default=(),
        metavar="A,B,...",
        help="the latent itself, instead of a seed",
    )
    add("--keys", type=_numbers(int), default=(), metavar="SEED,SEED,...", help="draw a morph through these seeds")
    add("--into", metavar="CLASS", help="the class that the morph ends in")
    add(
        "--link",
        metavar="QUERY",
        help="a link to the page, or the part that starts with “?”, instead of the options above",
    )
    add("--scale", type=int, choices=range(1, 33), default=1, metavar="1-32", help="enlarge a PNG's pixels")
    add("--large", action="store_true", help="a large PNG")
    add("--transparent", action="store_true", help="a large PNG without paper")
    add("--look", choices=LOOKS, help="pen strokes, ink with smooth outlines, or pixels (default: pen, if enlarged)")
    add("--width", type=float, default=WIDTH, help=f"of the pen, {MIN_WIDTH:g} to {MAX_WIDTH:g} (default: %(default)s)")
    add(
        "--out",
        type=Path,
        help="the file to write: .png, .svg, .ndjson (strokes in the dataset's format), .zip, or an animation as .gif, "
        ".webp or .mp4, in which drawings draw themselves (default: CLASS.png, or CLASS.gif for a morph)",
    )
    return parser


def _with_lists(arguments: Sequence[str]) -> list[str]:
    """The same arguments with lists of numbers bound to their options, because “-1,2” alone looks like an option."""
    bound: list[str] = []
    for argument in arguments:
        option = bound[-1] if bound else ""
        is_list = len(option) > 3 and any(
            name.startswith(option) for name in ("--style", "--latent", "--keys", "--seeds")
        )
        if is_list and re.match(r"-[\d.]", argument):
            bound[-1] = f"{option}={argument}"
        else:
            bound.append(argument)
    return bound


def _check_combination(options: argparse.Namespace, parser: argparse.ArgumentParser) -> None:
    """Raises ValueError for an option that another one makes meaningless."""
    for chosen, meaningless in _MEANINGLESS_WITH.items():
        if getattr(options, chosen):
            for name in meaningless:
                if getattr(options, name) != parser.get_default(name):
                    raise ValueError(f"--{name} does nothing together with --{chosen}; leave one of them out.")


def _check_kind(options: argparse.Namespace, kind: str, view: View) -> None:
    """Raises ValueError for a kind of file that can't be written, or doesn't fit the other options."""
    kinds = [kind for kind in (MORPH_KINDS if view.keys else DRAWING_KINDS) if not kind.endswith(".png")]
    kinds += [] if view.keys else ["png"]
    if kind not in kinds:
        what, large = ("a morph", "") if view.keys else ("drawings", "; --large makes a large PNG")
        raise ValueError(f"“{kind[:40]}” is not a kind of file for {what}; use one of {', '.join(kinds)}{large}.")
    for name, unset in (("large", False), ("transparent", False), ("scale", 1)):
        if kind != "png" and getattr(options, name) != unset:
            raise ValueError(f"--{name} is for PNG files only; leave it out, or let --out end in .png.")
    if options.scale != 1 and view.look and view.look.name != PIXELS:
        raise ValueError(f"--scale enlarges pixels, not the look “{view.look.name}”; use --large instead.")


def _exact_kind(options: argparse.Namespace, kind: str, view: View) -> str:
    """Which PNG a .png is: small pixels, or a large picture, because a look shows only there."""
    if kind != "png":
        return kind
    if options.transparent:
        return "transparent.png"
    is_large = options.large or (view.look is not None and view.look.name != PIXELS)
    return "large.png" if is_large else "png"


def _view(options: argparse.Namespace, sampler: Sampler) -> View:
    """Raises ValueError."""
    if (options.class_name is None) == (options.link is None):
        raise ValueError("Say what to draw: either a class or a --link.")
    if options.link is not None:
        view = read_view("?" + options.link.partition("?")[2])
    else:
        fields = ("class_name", "seed", "count", "seeds", "psi", "style", "keys", "into", "latent")
        look = Look(options.look or PEN, options.width) if options.look or options.width != WIDTH else None
        view = View(**{name: getattr(options, name) for name in fields}, look=look)
    into = None if view.into is None else sampler.find(view.into)
    view = replace(view, class_name=sampler.find(view.class_name), into=into)
    return picked(sampler, view) if options.pick else view


def _numbers(number: Callable[[str], T]) -> Callable[[str], tuple[T, ...]]:
    """A reader of numbers that are separated by commas."""

    def read(text: str) -> tuple[T, ...]:
        try:
            return tuple(number(part) for part in text.split(","))
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"“{text[:40]}” is not a list of numbers separated by commas.") from error

    return read


if __name__ == "__main__":
    sys.exit(main())
