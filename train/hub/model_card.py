"""The README.md of a collection on the Hub: what the checkpoints are, how good, and how to load them."""

from collections.abc import Mapping

from huggingface_hub import EvalResult, ModelCard, ModelCardData

from model.files.checkpoint import LICENSE
from model.hub.index import Entry
from model.quickdraw.classes import slug
from train.hub.cards import FIGURES, table

DATASET = "google/quickdraw"
TASK = "unconditional-image-generation"
_METRICS = {"frechet_distance": "Fréchet distance", "coverage": "Coverage", "top1": "Recognised at once"}

_ABOUT = """
# {repo}

Drawings that nobody drew: one small GAN generator for each class of Google's
[Quick, Draw!](https://github.com/googlecreativelab/quickdraw-dataset), 28x28 pixels, about a megabyte each, made by
Endless Doodles. `classes/` holds a safetensors file for each class, with half-precision weights and, in its header,
a card (class, architecture, recipe, drawings it learned from, figures, attribution) and a content hash; `index.json`
lists them all; `sheets/` shows the seeds 0 to 63 of each, none picked.

## Load

In a checkout of Endless Doodles:

```python
from model.hub.collection import Collection
from model.drawing.sampler import Sampler, seeds_to_pictures

sampler = Sampler([], collection=Collection("{repo}"))
drawings = sampler.draw(seeds_to_pictures("{example}", seed=7, count=16))  # uint8 (16, 28, 28), 255 is ink
```

Or let the app and the command line take classes from here: `DOODLES_HUB={repo} python app.py`.

## Limits

The generators know what players of one game drew within twenty seconds, hardly more, with their habits and their
mistakes; a class of few drawings shows less variety. The figures tell how far each is from real drawings. They are
measured on drawings that no training saw, in the features of an evaluator of Endless Doodles, and compare with nothing
measured otherwise.
"""
_ATTRIBUTION = """
## Licence

Learned from the [Quick, Draw! Dataset](https://github.com/googlecreativelab/quickdraw-dataset) by Google, made
available under [CC BY 4.0](https://creativecommons.org/licenses/by/4.0/); the checkpoints are shared under the same
licence.
"""


def model_card(repo: str, entries: Mapping[str, Entry]) -> bytes:
    """The card of a collection. entries: all of them, by class name, at least one."""
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
    card = ModelCard(f"---\n{data.to_yaml()}\n---\n{about}{figures}\n## Sheets\n{sheets}{_ATTRIBUTION}")
    return str(card).encode()


def _results(entries: Mapping[str, Entry]) -> list[EvalResult]:
    """The figures as the Hub's model index wants them."""
    return [
        EvalResult(
            task_type=TASK,
            dataset_type=DATASET,
            dataset_name=f"Quick, Draw! ({name})",
            dataset_config=slug(name),
            metric_type=metric.replace("_", "-"),
            metric_name=title,
            metric_value=round(entry.card.metrics[metric], 4),
        )
        for name, entry in entries.items()
        for metric, title in _METRICS.items()
        if metric in entry.card.metrics
    ]
