"""python -m benchmarks.pen: how true pen strokes are to the drawings that they come from; writes PEN.md and a sheet.

For every trained class, drawings are turned into strokes, and the dataset's own pen (16 units wide in a field of 304)
draws these strokes again. Two things are compared with the drawings: pixels where either has ink, and how often two
classifiers, the evaluator and DoodleNet, name the class. The strokes are drawn in place, because generators don't fill
the dataset's box exactly, and also centred and enlarged as the dataset does it; the latter is what classifiers see.
No training saw the real drawings. --sheet FILE shows pixels, ink and pen one below the other; --strip FILE is a short
one, of a drawing of each of ten classes.
"""

import argparse
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from benchmarks.harness.options import parse
from model.drawing.look import LOOKS, Look
from model.drawing.recogniser import Recogniser
from model.drawing.sampler import Sampler
from model.drawing.view import View
from model.exports.looks import picture
from model.files.writing import write_file
from model.networks.device import limit_threads
from model.pen.drawn import polyline
from model.pen.strokes import trace
from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import SIZE, png, to_ink
from model.quickdraw.strokes import drawn_with_dataset_pen, rasterise
from train.data import DEFAULT_ROWS, DataError, load_drawings
from train.drawings import held_back
from train.home import Home
from train.quality.doodlenet_file import DoodleNetError, load_doodlenet

OUTPUT = Path(__file__).with_name("PEN.md")
LEAST_INK = 16  # of 255: fainter pixels are paper
NUM_DRAWINGS = 50  # of each class, generated and real
FIRST_SEED = 1000
SHEET_CLASSES = ("cat", "bicycle", "face", "eye", "star", "airplane", "dog", "house", "camel", "pizza")
STRIP = {"cat": 5, "bicycle": 7, "face": 6, "snowman": 0, "star": 10, "house": 7, "umbrella": 0, "fish": 1, "flower": 7}
STRIP |= {"guitar": 1}  # a seed of each class
STRIP_PSI = 0.7
GREYS = 16  # of a sheet, to keep files small
SHEET_DRAWINGS, SHEET_REAL, SHEET_SIZE, SHEET_GAP = 6, 2, 112, 6


@dataclass(frozen=True)
class Figures:
    """Of one class. difference: mean absolute, of 255. ink: drawn again, relative to before. evaluator, doodlenet:
    share recognised before and after, if measured. milliseconds: for one drawing."""

    difference: float
    boxed: float
    ink: float
    evaluator: tuple[float, float]
    doodlenet: tuple[float, float]
    strokes: float
    milliseconds: float


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pen", description=__doc__)
    parser.add_argument("--count", type=int, default=NUM_DRAWINGS, help="drawings of each class (default: %(default)s)")
    parser.add_argument("--sheet", type=Path, metavar="FILE", help="only draw a sheet for comparison, to this file")
    parser.add_argument("--strip", type=Path, metavar="FILE", help="only draw a short sheet, to this file")
    limit_threads(1)
    options, home = parse(parser)
    sampler = Sampler(home.checkpoint_folders)
    if options.sheet:
        write_file(options.sheet, comparison_sheet(sampler, home))
        return
    if options.strip:
        write_file(options.strip, comparison_strip(sampler))
        return
    recognisers = [Recogniser(sampler.folders).evaluator(), _doodlenet(home)]
    rows: dict[str, list[Figures]] = {}
    for class_name in sampler.trained_cards():
        generated = sampler.draw_all(View(class_name, FIRST_SEED, options.count).pictures())
        real = _real_drawings(home, class_name, options.count)
        classes = [CLASS_NAMES.index(part) for part in class_name.split("+")]
        rows[class_name] = [measure(drawings, classes, recognisers) for drawings in (generated, real) if len(drawings)]
        print(class_name, *rows[class_name], sep="\n  ", flush=True)
    text = table(rows, options.count)
    print(text)
    write_file(OUTPUT, text.encode())


def measure(drawings: np.ndarray, classes: Sequence[int], recognisers: Sequence[torch.nn.Module | None]) -> Figures:
    """Figures of drawings (N, 28, 28) of some classes."""
    began = time.perf_counter()
    traced = [trace(drawing) for drawing in drawings]
    milliseconds = 1000 * (time.perf_counter() - began) / len(drawings)
    lines = [[polyline(stroke) for stroke in strokes] for strokes in traced]
    again = np.stack([drawn_with_dataset_pen(parts) for parts in lines])
    boxed = np.stack([_boxed(parts) for parts in lines])
    shares = [
        (_recognised(network, drawings, classes), _recognised(network, boxed, classes)) for network in recognisers
    ]
    return Figures(
        difference=_difference(drawings, again),
        boxed=_difference(drawings, boxed),
        ink=float(again.sum() / drawings.sum()),
        evaluator=shares[0],
        doodlenet=shares[1],
        strokes=float(np.mean([len(strokes) for strokes in traced])),
        milliseconds=milliseconds,
    )


def _boxed(lines: list[list[tuple[float, float]]]) -> np.ndarray:
    """Drawn with the dataset's pen after centring and enlarging."""
    if not lines:
        return np.zeros((SIZE, SIZE), np.uint8)
    return rasterise([[(x / SIZE, y / SIZE) for x, y in line] for line in lines])


def _difference(one: np.ndarray, other: np.ndarray) -> float:
    """Mean absolute difference of drawings (N, 28, 28) where either has ink, a mean over drawings."""
    inked = (one >= LEAST_INK) | (other >= LEAST_INK)
    apart = np.abs(one.astype(float) - other) * inked
    return float((apart.sum((1, 2)) / np.maximum(1, inked.sum((1, 2)))).mean())


def _recognised(network: torch.nn.Module | None, drawings: np.ndarray, classes: Sequence[int]) -> float:
    if network is None:
        return float("nan")
    with torch.inference_mode():
        seen = network(to_ink(drawings))
    logits = getattr(seen, "logits", seen)
    return float(torch.isin(logits.argmax(1), torch.tensor(classes)).double().mean())


def _doodlenet(home: Home) -> torch.nn.Module | None:
    try:
        return load_doodlenet(home)
    except DoodleNetError as error:
        print(f"Without DoodleNet: {error}")
        return None


def _real_drawings(home: Home, class_name: str, count: int) -> np.ndarray:
    """Held-back drawings (N, 28, 28) of a class or a mixture, at most `count`."""
    parts = class_name.split("+")
    found = []
    for part in parts:
        try:
            drawings = load_drawings(part, DEFAULT_ROWS, home.source, home.cache)
        except DataError as error:
            print(f"Without real drawings of {part}: {error}")
            continue
        found.append(drawings.reshape(-1, SIZE, SIZE)[held_back(len(drawings))[: count // len(parts)]])
    return np.concatenate(found) if found else np.zeros((0, SIZE, SIZE), np.uint8)


def table(rows: dict[str, list[Figures]], count: int) -> str:
    """Figures of (generated, real) by class name as Markdown."""
    lines = [
        f"`python -m benchmarks.pen`: {count} drawings of each of {len(rows)} classes, as pen strokes, drawn again "
        "with the dataset's pen. Differences are means of 255 where there is ink; shares are means over classes.",
        "",
        "| drawings | difference | worst class | centred and enlarged | ink | evaluator: before, after "
        "| DoodleNet: before, after | strokes | ms |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for name, place in (("generated", 0), ("real, held back", 1)):
        figures = {class_name: both[place] for class_name, both in rows.items() if len(both) > place}
        if not figures:
            continue
        worst = max(figures, key=lambda class_name: figures[class_name].difference)

        def mean(values: Sequence[float]) -> float:
            return float(np.mean(values))

        all_of = list(figures.values())
        evaluator, doodlenet = (
            np.mean([getattr(each, key) for each in all_of], 0) for key in ("evaluator", "doodlenet")
        )
        lines.append(
            f"| {name} | {mean([each.difference for each in all_of]):.1f} "
            f"| {worst} {figures[worst].difference:.1f} | {mean([each.boxed for each in all_of]):.1f} "
            f"| {mean([each.ink for each in all_of]):.2f} | {evaluator[0]:.1%}, {evaluator[1]:.1%} "
            f"| {doodlenet[0]:.1%}, {doodlenet[1]:.1%} | {mean([each.strokes for each in all_of]):.1f} "
            f"| {mean([each.milliseconds for each in all_of]):.0f} |"
        )
    return "\n".join(lines) + "\n"


def comparison_sheet(sampler: Sampler, home: Home) -> bytes:
    """A PNG: for each class a row of drawings in each look, generated ones and then real ones."""
    rows = []
    for class_name in SHEET_CLASSES:
        generated = sampler.draw_all(View(class_name, 0, SHEET_DRAWINGS).pictures())
        drawings = [*generated, *_real_drawings(home, class_name, SHEET_REAL)]
        rows += looks_of(drawings)
    return _paper(rows)


def comparison_strip(sampler: Sampler) -> bytes:
    """A PNG: a drawing of each class in each look."""
    drawings = [sampler.draw_all(View(name, seed, psi=STRIP_PSI).pictures())[0] for name, seed in STRIP.items()]
    return _paper(looks_of(drawings))


def looks_of(drawings: Sequence[np.ndarray]) -> list[list[Image.Image]]:
    return [[picture(drawing, SHEET_SIZE, Look(look)) for drawing in drawings] for look in reversed(LOOKS)]


def _paper(rows: Sequence[Sequence[Image.Image]]) -> bytes:
    pitch = SHEET_SIZE + SHEET_GAP
    paper = Image.new("L", (pitch * len(rows[0]), pitch * len(rows)), 255)
    for y, row in enumerate(rows):
        for x, drawn in enumerate(row):
            paper.paste(drawn, (x * pitch, y * pitch))
    return png(paper.quantize(GREYS))


if __name__ == "__main__":
    main()
