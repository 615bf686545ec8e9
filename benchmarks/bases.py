"""python -m benchmarks.bases: train short bases by different recipes and compare them by DoodleNet.

Each variant is a few options of `BASE`, such as channels=64,augment=2; without any, the recipe itself is trained. Every
variant is trained on as many images, from the same seed, with the learning rate of a long run's beginning. A row is
added to BASES.md for each. top1 is a share of real drawings': the median and the mean over classes with few and with
many drawings. The other figures are means over the classes with most drawings.
"""

import argparse
import time
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

from benchmarks.harness.options import parse
from model.networks.device import limit_threads, pick_device
from model.quickdraw.classes import CLASS_NAMES
from train.config import BASE, Config
from train.data import DEFAULT_ROWS, DataError, load_drawings, load_extra
from train.drawings import Drawings, held_back, learned
from train.grow import find_feature_network
from train.home import Home
from train.metrics import coverage, frechet_distance, precision_recall, recognised
from train.quality.doodlenet_figures import look, tones
from train.quality.doodlenet_file import DoodleNetError, load_doodlenet
from train.training import Training, draw_seeds

OUTPUT = Path(__file__).with_name("BASES.md")
FEW, MANY, MOST = 400, 1500, 3500  # exact drawings of a class
NUM_DRAWN = 100  # for top1
NUM_COMPARED = 700  # at most, for distances
HEAD = (
    "| recipe | images | images/s | few drawings: top1 | many: top1 | distance | recall | coverage | boxed |\n"
    f"{'|---' * 9}|\n"
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bases", description=__doc__)
    parser.add_argument("variants", nargs="*", default=[""], metavar="OPTION=VALUE,...", help="as above")
    parser.add_argument("--images", type=int, default=100_000, help="for each variant (default: %(default)s)")
    parser.add_argument("--also", metavar="FOLDER", help="a folder of more training drawings")
    options, home = parse(parser)
    limit_threads(1)
    try:
        bench = Bench(home, options.also)
        for variant in options.variants:
            row = bench.row(variant, options.images)
            print(row)
            text = OUTPUT.read_text(encoding="utf-8") if OUTPUT.exists() else HEAD
            OUTPUT.write_text(text + row + "\n", encoding="utf-8")
    except (ValueError, DataError, DoodleNetError) as error:
        raise SystemExit(f"{parser.prog}: {error}") from error


class Bench:
    """All drawings, and what DoodleNet makes of the real ones."""

    def __init__(self, home: Home, also: str | None):
        self.doodlenet, self.feature_network = load_doodlenet(home), find_feature_network(home)
        self.exact = [load_drawings(name, source=home.source, cache=home.cache) for name in CLASS_NAMES]
        parts = [(place, drawings, learned(len(drawings))) for place, drawings in enumerate(self.exact)]
        for place, name in enumerate(CLASS_NAMES):
            parts += [(place, more, np.arange(len(more))) for more in load_extra(name, DEFAULT_ROWS, also)]
        self.drawings = Drawings(parts)
        sizes = [len(drawings) for drawings in self.exact]
        self.few = [place for place, size in enumerate(sizes) if size < FEW][::5]
        self.many = [place for place, size in enumerate(sizes) if size >= MANY][::2]
        self.most = [place for place, size in enumerate(sizes) if size >= MOST]
        self.real = {place: self._top1(self.exact[place][:FEW], place) for place in self.few + self.many}

    def row(self, variant: str, num_images: int) -> str:
        """Train a variant and return its row of the table. Raises ValueError for options that `BASE` doesn't have."""
        config = _config(variant)
        training = Training(config, self.drawings, len(CLASS_NAMES), pick_device())
        training.use_feature_network(self.feature_network, [])
        start, num_steps = time.monotonic(), num_images // config.batch_size
        for _ in range(num_steps):
            training.set_rate(0.0)
            training.advance()
        pace = num_steps * config.batch_size / (time.monotonic() - start)
        few, many = (self._shares(training, places) for places in (self.few, self.many))
        compared = np.mean([self._compare(training, place) for place in self.most], axis=0)
        cells = [variant or "ours", f"{num_images:,}", f"{pace:.0f}", few, many, *(f"{each:.2f}" for each in compared)]
        return f"| {' | '.join(cells)} |"

    def _shares(self, training: Training, places: list[int]) -> str:
        top1 = [self._top1(_draw(training, place, NUM_DRAWN), place) / self.real[place] for place in places]
        return f"{np.median(top1):.2f} / {np.mean(top1):.2f}"

    def _compare(self, training: Training, place: int) -> tuple[float, float, float, float]:
        """Distance, recall, coverage and the share with the dataset's box, for one class."""
        drawings = self.exact[place]
        real = drawings[held_back(len(drawings))[:NUM_COMPARED]]
        fakes = _draw(training, place, len(real))
        seen, seen_fakes = look(self.doodlenet, real), look(self.doodlenet, fakes)
        _, recall = precision_recall(seen.features, seen_fakes.features)
        return (
            frechet_distance(seen.pooled, seen_fakes.pooled),
            recall,
            coverage(seen.features, seen_fakes.features),
            tones(fakes)["boxed"],
        )

    def _top1(self, drawings: np.ndarray, place: int) -> float:
        return recognised(look(self.doodlenet, drawings).logits, [place])


def _config(variant: str) -> Config:
    changes: dict[str, object] = {}
    kinds = {option.name: option.type for option in fields(Config)}
    for part in filter(None, variant.split(",")):
        name, _, value = part.partition("=")
        if name not in kinds:
            raise ValueError(f"There is no option “{name}”; see python -m train base --help.")
        changes[name] = float(value) if kinds[name] is float else int(value)
    return replace(BASE, **changes)


def _draw(training: Training, place: int, count: int) -> np.ndarray:
    return draw_seeds(training.ema, range(count), [place] * count)


if __name__ == "__main__":
    main()
