"""python -m benchmarks.flicker: how much ink comes and goes between neighbouring frames of morphs; writes FLICKER.md.

Lines move during a morph, and that isn't flicker. So ink of a frame counts only if the other frame has none, or less,
within one pixel of the drawing (four pixels of the pictures): it appeared or disappeared at once. The figure is the
share of such ink in all ink of both frames. The same measure in the look “ink”, which outlines the network's pixels,
shows what the pixels themselves do; what a pen has beyond that is flicker.
"""

import argparse
from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from model.drawing.look import INK, Look
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.looks import picture
from model.files.folders import checkpoint_folders, home_from_environment
from model.files.writing import write_file
from model.pen.drawn import pen_picture
from model.pen.strokes import trace

OUTPUT = Path(__file__).with_name("FLICKER.md")
CLASSES = ("cat", "bicycle", "star", "face", "house", "octopus")
KEYS = (14, 15)  # each morph leads from one of these seeds to the other
FINENESS = 4  # pixels of a picture for one of a drawing
STARK = 0.02  # share of ink that appears or disappears at once in a pair of frames that a visitor notices


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.flicker", description=__doc__)
    parser.add_argument("--classes", nargs="+", default=CLASSES, help="(default: %(default)s)")
    options = parser.parse_args()
    sampler = Sampler(checkpoint_folders(home_from_environment()))
    shares: dict[str, list[float]] = {"ink": [], "pen, as the page and files draw it": [], "pen, without fading": []}
    for class_name in options.classes:
        drawings = sampler.draw_all(View(class_name, keys=KEYS).pictures())
        size = FINENESS * drawings.shape[1]
        traced = list(map(trace, drawings))
        ways = (
            [picture(each, size, Look(INK)) for each in drawings],
            [pen_picture(strokes, size, is_moving=True) for strokes in traced],
            [pen_picture(strokes, size) for strokes in traced],
        )
        for found, frames in zip(shares.values(), ways, strict=True):
            found += shares_of(frames)
        print(class_name, *(f"{np.mean(found):.2%}" for found in shares.values()), flush=True)
    text = table(shares, len(options.classes))
    print(text)
    write_file(OUTPUT, text.encode())


def shares_of(frames: list[Image.Image]) -> list[float]:
    """For each pair of neighbouring frames, the share of ink that appears or disappears at once."""
    inks = [1 - np.asarray(frame) / 255 for frame in frames]
    near = [ndimage.maximum_filter(ink, 2 * FINENESS + 1) for ink in inks]
    found = []
    for at in range(len(inks) - 1):
        gone = np.maximum(0, inks[at] - near[at + 1]).sum()
        new = np.maximum(0, inks[at + 1] - near[at]).sum()
        found.append(float((gone + new) / (inks[at].sum() + inks[at + 1].sum())))
    return found


def table(shares: dict[str, list[float]], num_morphs: int) -> str:
    lines = [
        f"`python -m benchmarks.flicker`: {num_morphs} morphs of 64 frames, 25 a second. Ink that appears or "
        "disappears at once, more than a pixel of the drawing away from any other, as a share of all ink.",
        "",
        f"| look | mean | 95th percentile | worst pair of frames | pairs above {STARK:.0%} |",
        "|---|---|---|---|---|",
    ]
    for name, found in shares.items():
        stark = np.mean(np.array(found) > STARK)
        lines.append(
            f"| {name} | {np.mean(found):.2%} | {np.quantile(found, 0.95):.1%} | {max(found):.1%} | {stark:.0%} |"
        )
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    main()
