"""checkpoints/README.md: the figures and a sheet of drawings of every checkpoint."""

from collections.abc import Mapping
from pathlib import Path

from model.drawing.latents import seeds_to_pictures
from model.drawing.sampler import Sampler
from model.files.checkpoint import Card
from model.files.classifiers import EVALUATOR_NAME, load_evaluator
from model.files.shared_base import BASE_NAME, read_base
from model.files.writing import write_file
from model.quickdraw.classes import slug
from model.quickdraw.images import png, sheet

# Each column's head and the figure below it.
COLUMNS = {
    "recognised": "top1",
    "distance": "frechet_distance",
    "precision": "precision",
    "recall": "recall",
    "density": "density",
    "coverage": "coverage",
    "paper": "paper",
    "full ink": "full_ink",
    "boxed": "boxed",
}
NUM_ON_SHEET = 64

_INTRODUCTION = """# Checkpoints

Each file holds one generator: half-precision weights in the safetensors format, with a header that contains a card
(class, architecture, recipe, number of training drawings, figures, attribution) and a content hash. There are two more
files. `_base.safetensors` is the shared base of all 345 classes: `python -m train CLASS` grows new generators from it,
and it draws every class that has no checkpoint, as a draft. `_evaluator.safetensors` is the network that
chooses the best moment of a training, and guesses on the page. `python -m train cards` writes this page;
[docs/quality.md](../docs/quality.md) says how the figures are measured.
"""
FIGURES = """
## Figures

The figures in brackets are those of real drawings, measured the same way.

They come from [DoodleNet](https://github.com/ml5js/ml5-data-and-models/tree/main/models/doodlenet), a public classifier
of all 345 classes that other people trained. Nothing here learned from it. A class marked with * was trained while
DoodleNet couldn't be fetched, so its figures come from our own evaluator and can't be compared with the others.

- Recognised: the share of n generated drawings (seeds from 0) for which this class is the first guess among 345.
- Distance (Fréchet), precision, recall, density and coverage compare n generated drawings with n real drawings that
  were kept out of training. They are left out if there are fewer than 150.
- Paper, full ink: the shares of pixels that are exactly 0 and exactly 255. Boxed: the share of drawings whose larger
  side is 26 pixels, as in the dataset.
- Copies: the share of generated drawings that are closer to a training drawing than 99% of the held-back real drawings
  are. 1% means no copies.

`python -m train evaluate` measures them again.

"""
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
    heads = ("class", "drawings", "images seen", *COLUMNS, "n", "copies")
    head = f"| {' | '.join(heads)} |\n|{'---|' * len(heads)}\n"
    return head + "".join(_row(name, card) for name, card in cards.items())


def _row(name: str, card: Card) -> str:
    figures = card.figures
    mark = "*" if figures and not card.is_measured_by_doodlenet else ""
    cells = [name + mark, f"{card.num_drawings:,}", f"{card.images_seen:,}"]
    for figure in COLUMNS.values():
        value, real = figures.get(figure), figures.get(f"real_{figure}")
        cells.append("" if value is None else f"{value:.2f}" if real is None else f"{value:.2f} ({real:.2f})")
    cells.append(f"{figures['n']:.0f}" if "n" in figures else "")
    cells.append(f"{figures['copies']:.1%}" if "copies" in figures else "")
    return "| " + " | ".join(cells) + " |\n"


def _about_shared(folder: Path) -> str:
    lines = []
    if (folder / BASE_NAME).exists():
        base = read_base(folder / BASE_NAME, with_tensors=False)
        lines.append(
            f"The base has seen {base.images_seen:,} images of {sum(base.rows.values()):,} drawings. A class with few "
            "drawings in the dataset's exact proportions also learned from extra drawings whose proportions are only "
            "approximate. Its figures compare it with exact drawings only, except for copies."
        )
    if (folder / EVALUATOR_NAME).exists():
        _, report = load_evaluator(folder / EVALUATOR_NAME)
        lines.append(
            f"The evaluator learned from {report.num_drawings:,} drawings. Of the held-back drawings, it recognises "
            f"{report.top1:.0%} at its first guess and {report.top5:.0%} within five guesses (mean over the classes)."
        )
    return "".join(f"\n{line}\n" for line in lines)
