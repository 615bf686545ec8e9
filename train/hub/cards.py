"""checkpoints/README.md: the figures and a sheet of drawings of every checkpoint."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from model.drawing.latents import seeds_to_pictures
from model.drawing.sampler import Sampler
from model.files.checkpoint import Card
from model.files.classifiers import EVALUATOR_NAME, load_evaluator
from model.files.shared_base import BASE_NAME, read_base
from model.files.writing import write_file
from model.quickdraw.classes import slug
from model.quickdraw.images import png, sheet

COLUMNS = ("top1", "frechet_distance", "precision", "recall", "density", "coverage")
NUM_ON_SHEET = 64

_INTRODUCTION = """# Checkpoints

Each file holds one generator: half-precision weights in the safetensors format, with a header that contains a card
(class, architecture, recipe, number of training drawings, figures, attribution) and a content hash. There are two more
files. `_base.safetensors` is the shared base of all 345 classes: `python -m train CLASS` grows new generators from it,
and it draws every class that has no checkpoint, as a draft. `_evaluator.safetensors` is the network that measures the
figures. `python -m train cards` writes this page.
"""
FIGURES = """
## Figures

The figures in brackets are those of real drawings, measured the same way.

- Recognised: the share of 1,000 generated drawings (seeds 0 to 999) for which this class is the evaluator's first guess
  among 345.
- Distance, precision, recall, density and coverage compare n generated drawings with n real ones in the evaluator's
  features. Half of the drawings that were kept out of training are these real ones; the other half gives the figures in
  brackets.
- Copies: the share of generated drawings that are closer to a training drawing than 99% of the held-back real drawings
  are. 1% means no copies.
- Score: the test of Meehan et al. 2020; negative if generated drawings are closer to the training drawings than real
  ones are.

`train/evaluation.py` has the details.

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

Seeds 0 to 63 of each class, without any selection.
"""
LICENCE_SECTION = """
## Licence

The generators learned from the [Quick, Draw! Dataset](https://github.com/googlecreativelab/quickdraw-dataset) by
Google, which is available under [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/). The checkpoints have the
same licence.
"""


def write_cards(folder: Path) -> int:
    """Write README.md and sheets/ for a folder of checkpoints. Returns the number of checkpoints."""
    sampler = Sampler([folder])
    cards = dict(sorted(sampler.trained_cards().items()))
    sheets = []
    for name in cards:
        write_file(folder / "sheets" / f"{slug(name)}.png", sheet_of(sampler, name))
        sheets.append(f'\n**{name}**\n\n<img src="sheets/{slug(name)}.png" width="484" alt="64 drawings of {name}">\n')
    content = (
        _INTRODUCTION + _about_shared(folder) + FIGURES + table(cards) + _SHEETS + "".join(sheets) + LICENCE_SECTION
    )
    write_file(folder / "README.md", content.encode())
    return len(cards)


def sheet_of(sampler: Sampler, class_name: str) -> bytes:
    """A PNG of the drawings of a class's first 64 seeds. Raises ValueError if the class can't be drawn."""
    picture = sheet(sampler.draw(seeds_to_pictures(class_name, 0, NUM_ON_SHEET)), scale=2, gap=2)
    return png(picture.quantize(16))


def table(cards: Mapping[str, Card]) -> str:
    """A Markdown table with a row for each card."""
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
            f"The base has seen {base.images_seen:,} images of {sum(base.rows.values()):,} drawings. A class with few "
            "drawings in the dataset's exact proportions also learned from extra drawings whose proportions are only "
            "approximate. Its figures compare it with exact drawings only, but copies and score consider the extra "
            "drawings, too."
        )
    if (folder / EVALUATOR_NAME).exists():
        _, report = load_evaluator(folder / EVALUATOR_NAME)
        lines.append(
            f"The evaluator learned from {report.num_drawings:,} drawings. Of the held-back drawings, it recognises "
            f"{report.top1:.0%} at its first guess and {report.top5:.0%} within five guesses (mean over the classes)."
        )
    return "".join(f"\n{line}\n" for line in lines)
