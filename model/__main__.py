"""python -m model: draw with a checkpoint into a file, exactly what the page shows."""

import argparse
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from model.drawing.sampler import Sampler
from model.drawing.view import View, read_view
from model.exports.export import export
from model.files.checkpoint import REPOSITORY, checkpoint_folders
from model.files.weights import write_file
from model.hub.collection import Collection
from model.quickdraw.classes import slug


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 after one sentence on what was wrong."""
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__)
    parser.add_argument("class_name", metavar="CLASS", nargs="?", help="what to draw, such as cat")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default: %(default)s)")
    parser.add_argument("--count", type=int, default=1, help="drawings with consecutive seeds (default: %(default)s)")
    parser.add_argument("--psi", type=float, default=1.0, help="0 to 2, lower is more typical (default: %(default)s)")
    parser.add_argument("--style", type=_numbers(float), default=(), metavar="A,B,...", help="style offsets, -4 to 4")
    parser.add_argument(
        "--latent", type=_numbers(float), default=(), metavar="A,B,...", help="numbers in place of a seed"
    )
    parser.add_argument("--keys", type=_numbers(int), default=(), metavar="SEED,SEED,...", help="a way through seeds")
    parser.add_argument("--into", metavar="CLASS", help="the class that the way leads to")
    parser.add_argument("--link", metavar="QUERY", help="a page's link, or its part from the question mark on, instead")
    parser.add_argument(
        "--scale", type=int, choices=range(1, 33), default=1, metavar="1-32", help="enlarge a PNG's pixels"
    )
    parser.add_argument("--large", action="store_true", help="a large PNG with smooth outlines")
    parser.add_argument("--out", type=Path, help="file to write: .png, .svg or .zip; a way: .gif, .webp or .mp4")
    options = parser.parse_args(arguments)
    try:
        folders = checkpoint_folders(Path(os.environ.get("DOODLES_HOME") or REPOSITORY).expanduser())
        sampler = Sampler(folders, collection=Collection.from_environment())
        view = _view(options, sampler)
        out = options.out or Path(f"{slug(view.class_name)}.{'gif' if view.keys else 'png'}")
        kind = out.suffix.removeprefix(".")
        write_file(out, export(sampler, view, "large.png" if options.large and kind == "png" else kind, options.scale))
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    print(out)
    return 0


def _view(options: argparse.Namespace, sampler: Sampler) -> View:
    """Raises ValueError."""
    if (options.class_name is None) == (options.link is None):
        raise ValueError("Say what to draw: a class, or a --link.")
    if options.link is not None:
        view = read_view("?" + options.link.partition("?")[2])
    else:
        chosen = {name: getattr(options, name) for name in ("seed", "count", "psi", "style", "keys", "into", "latent")}
        view = View(options.class_name, **chosen)
    into = None if view.into is None else sampler.find(view.into)
    return replace(view, class_name=sampler.find(view.class_name), into=into)


def _numbers(kind: type) -> Callable[[str], tuple]:
    """Reads numbers with commas between them."""

    def read(text: str) -> tuple:
        try:
            return tuple(kind(part) for part in text.split(","))
        except ValueError as error:
            raise argparse.ArgumentTypeError(f"“{text[:40]}” are no numbers with commas between them.") from error

    return read


if __name__ == "__main__":
    sys.exit(main())
