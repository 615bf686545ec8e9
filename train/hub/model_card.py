"""The README.md of a collection on the Hub: what the checkpoints are, how good they are, and how to load them."""

from collections.abc import Mapping

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from model.files.checkpoint import LICENSE
from model.hub.index import Entry
from model.quickdraw.classes import slug
from train.hub.cards import FIGURES, LICENCE_SECTION, table

DATASET = "google/quickdraw"
TASK = "unconditional-image-generation"
_METRICS = {"frechet_distance": "Fréchet distance", "coverage": "Coverage", "top1": "Recognised at the first guess"}

_ABOUT = """
# {repo}

Drawings that nobody drew: small GAN generators of Endless Doodles, one for each class of Google's
[Quick, Draw!](https://github.com/googlecreativelab/quickdraw-dataset). Each is about a megabyte and draws 28x28 pixels.
`classes/` holds a safetensors file for each class, with half-precision weights and a header that contains a card
(class, architecture, recipe, number of training drawings, figures, attribution) and a content hash. `index.json` lists
them all. `sheets/` shows the seeds 0 to 63 of each, without any selection.

## Load

In a copy of the Endless Doodles repository:

```python
from model.hub.collection import Collection
from model.drawing.latents import seeds_to_pictures
from model.drawing.sampler import Sampler

sampler = Sampler([], collection=Collection("{repo}"))
drawings = sampler.draw(seeds_to_pictures("{example}", seed=7, count=16))  # uint8 (16, 28, 28), 255 is ink
```

The app and the command line take classes from here, too: `DOODLES_HUB={repo} python app.py`.

## Limits

The generators know only what the players of one game drew within twenty seconds, with their habits and mistakes.
A class with few training drawings shows less variety. The figures say how far each generator is from real drawings.
They are measured on drawings kept out of training, so they can only be compared with figures of the same measure.
"""


def model_card(repo: str, entries: Mapping[str, Entry]) -> bytes:
    """The card of a collection. entries: all of its checkpoints by class name, at least one."""
    entries = dict(sorted(entries.items()))
    data = ModelCardData(
        license=LICENSE.lower(),
        library_name="endless-doodles",
        pipeline_tag=TASK,
        tags=["gan", "doodles", "quickdraw", "safetensors", "image-generation"],
        datasets=[DATASET],
        metrics=["frechet-distance", "coverage"],
        model_name=repo.partition("/")[2],
        eval_results=_results(entries),
    )
    about = _ABOUT.format(repo=repo, example=next(iter(entries)))
    sheets = "".join(
        f'\n**{name}** ({entry.when[:10]})\n\n<img src="{entry.sheet}" width="484" alt="64 drawings of {name}">\n'
        for name, entry in entries.items()
    )
    figures = FIGURES + table({name: entry.card for name, entry in entries.items()})
    card = ModelCard(f"---\n{data.to_yaml()}\n---\n{about}{figures}\n## Sheets\n{sheets}{LICENCE_SECTION}")
    return str(card).encode()


def _results(entries: Mapping[str, Entry]) -> list[EvalResult]:
    """The figures in the format of the Hub's model index."""
    return [
        EvalResult(
            task_type=TASK,
            dataset_type=DATASET,
            dataset_name=f"Quick, Draw! ({name})",
            dataset_config=slug(name),
            metric_type=metric.replace("_", "-"),
            metric_name=title,
            metric_value=round(entry.card.figures[metric], 4),
        )
        for name, entry in entries.items()
        for metric, title in _METRICS.items()
        if metric in entry.card.figures
    ]
