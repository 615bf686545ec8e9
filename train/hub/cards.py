"""checkpoints/README.md: a card for everything that can be drawn, with its sheet and figures."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from model.drawing.sampler import Sampler, seeds_to_pictures
from model.files.checkpoint import Card
from model.files.classifiers import EVALUATOR_NAME, load_evaluator
from model.files.shared_base import BASE_NAME, read_base
from model.files.weights import write_file
from model.quickdraw.classes import slug
from model.quickdraw.images import png, sheet

COLUMNS = ("top1", "frechet_distance", "precision", "recall", "density", "coverage")
NUM_ON_SHEET = 64

_INTRODUCTION = """# Checkpoints

One generator a file: safetensors with half-precision weights, and in its header a card (class, architecture,
recipe, drawings it learned from, figures, attribution) and a content hash. Beside them lie `_base.safetensors`, the
shared base of all 345 classes, from which `python -m train CLASS` grows new generators and from which every class
without one is drawn as a draft, and `_evaluator.safetensors`, the network that the figures stand on. This page is
written by `python -m train cards`.
"""
FIGURES = """
## Figures

In brackets, what real drawings reach when measured the same way. Recognised: share of 1,000 drawings (seeds 0 to
999) that the evaluator takes for the class, first of 345. Distance, precision, recall, density and coverage: as
many drawings as there are real ones on the other side (n), in the evaluator's features; of the drawings that no
training saw, one half is measured against and the other stands for real drawings. Copies: share of drawings nearer
to one learned from than 99 % of held-back real drawings are (so 1 % is what new drawings have), and the score of
Meehan et al. 2020, negative where drawings are nearer to those learned from than real ones. See
`train/evaluation.py`.

"""
_COLUMNS = (
    "class",
    "drawings",
    "images seen",
    "recognised",
    "distance",
    "precision",
    "recall",
    "density",
    "coverage",
    "n",
    "copies",
    "score",
)
_SHEETS = """
## Sheets

Seeds 0 to 63 of every class, none picked.
"""
_LICENCE = """
## Licence

Learned from the [Quick, Draw! Dataset](https://github.com/googlecreativelab/quickdraw-dataset) by Google, made
available under [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/); the checkpoints are shared under the same
licence.
"""


def write_cards(folder: Path) -> int:
    """Write README.md and sheets/ for a folder of checkpoints. Returns how many there are."""
    sampler = Sampler([folder])
    cards = {name: card for name, card in sorted(sampler.cards().items()) if not card.is_draft}
    sheets = []
    for name in cards:
        write_file(folder / "sheets" / f"{slug(name)}.png", sheet_of(sampler, name))
        sheets.append(f'\n**{name}**\n\n<img src="sheets/{slug(name)}.png" width="484" alt="64 drawings of {name}">\n')
    content = _INTRODUCTION + _about_shared(folder) + FIGURES + table(cards) + _SHEETS + "".join(sheets) + _LICENCE
    write_file(folder / "README.md", content.encode())
    return len(cards)


def sheet_of(sampler: Sampler, class_name: str) -> bytes:
    """A PNG of what the first seeds of a class draw. Raises ValueError with a sentence."""
    picture = sheet(sampler.draw(seeds_to_pictures(class_name, 0, NUM_ON_SHEET)), scale=2, gap=2)
    return png(picture.quantize(16))


def table(cards: Mapping[str, Card]) -> str:
    """Every card as a row of a table in Markdown."""
    head = f"| {' | '.join(_COLUMNS)} |\n|{'---|' * len(_COLUMNS)}\n"
    return head + "".join(_row(name, card) for name, card in cards.items())


def _row(name: str, card: Card) -> str:
    cells = [name, f"{card.num_drawings:,}", f"{card.images_seen:,}"]
    for column in COLUMNS:
        if column in card.metrics:
            cells.append(f"{card.metrics[column]:.2f} ({card.metrics.get(f'real_{column}', np.nan):.2f})")
        else:
            cells.append("")
    cells.append(f"{card.metrics['n']:.0f}" if "n" in card.metrics else "")
    cells.append(f"{card.metrics['copies']:.1%}" if "copies" in card.metrics else "")
    cells.append(f"{card.metrics['copy_score']:+.1f}" if "copy_score" in card.metrics else "")
    return "| " + " | ".join(cells) + " |\n"


def _about_shared(folder: Path) -> str:
    lines = []
    if (folder / BASE_NAME).exists():
        base = read_base(folder / BASE_NAME, with_tensors=False)
        lines.append(
            f"The base has seen {base.images_seen:,} images of {sum(base.rows.values()):,} drawings. Where a class has "
            "few exact drawings, some with approximate proportions were added; its figures stand on exact ones alone."
        )
    if (folder / EVALUATOR_NAME).exists():
        _, report = load_evaluator(folder / EVALUATOR_NAME)
        lines.append(
            f"The evaluator learned from {report.num_drawings:,} drawings and recognises {report.top1:.0%} of the "
            f"held-back ones at once, {report.top5:.0%} among its first five (mean of the classes)."
        )
    return "".join(f"\n{line}\n" for line in lines)
