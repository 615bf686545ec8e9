"""python -m model: draw with a checkpoint into a PNG or GIF file."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from model.checkpoint import REPOSITORY, checkpoint_folders
from model.images import gif, png, sheet
from model.latents import check_seed, walk
from model.sampler import MAX_PICTURES, Sampler, seeds_to_pictures
from model.weights import write_file


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0, or 2 after one sentence on what was wrong."""
    parser = argparse.ArgumentParser(prog="python -m model", description=__doc__)
    parser.add_argument("class_name", metavar="CLASS", help="what to draw, such as cat")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default: %(default)s)")
    parser.add_argument("--to", type=int, metavar="SEED", help="walk from --seed to this one, as a GIF")
    parser.add_argument("--count", type=int, default=1, help="drawings with consecutive seeds (default: %(default)s)")
    parser.add_argument("--psi", type=float, default=1.0, help="0 to 2, lower is more typical (default: %(default)s)")
    parser.add_argument("--scale", type=int, choices=range(1, 33), default=1, metavar="1-32", help="enlarge pixels")
    parser.add_argument("--out", type=Path, help="file to write (default: CLASS.png or CLASS.gif)")
    options = parser.parse_args(arguments)
    sampler = Sampler(checkpoint_folders(Path(os.environ.get("DOODLES_HOME") or REPOSITORY).expanduser()))
    try:
        class_name = sampler.find(options.class_name)
        first = check_seed(options.seed)
        if options.to is None:
            drawings = sampler.draw(seeds_to_pictures(class_name, first, options.count, options.psi))
            columns = next(columns for columns in range(1, 9) if columns * columns >= len(drawings))
            content, kind = png(sheet(drawings, columns, options.scale)), "png"
        else:
            frames = sampler.draw(walk(class_name, [first, check_seed(options.to)], MAX_PICTURES, options.psi))
            content, kind = gif([sheet(frame[None], columns=1) for frame in frames], 40, options.scale), "gif"
        out = options.out or Path(f"{class_name}.{kind}")
        write_file(out, content)
    except (ValueError, OSError) as error:
        print(f"{parser.prog}: {error}", file=sys.stderr)
        return 2
    print(out)
    return 0


if __name__ == "__main__":
    sys.exit(main())
