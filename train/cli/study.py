"""python -m train study: the student project's sweep, one setting at a time around its recipe, and a figure of it."""

import argparse
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model.files.checkpoint import checkpoint_path, read_card
from model.files.writing import write_file
from model.networks.device import pick_device
from model.quickdraw.classes import find_class, slug
from train.cli.command import Command, data_arguments
from train.config import SUPERDEEP, Config
from train.execution.console import follow
from train.home import Home
from train.runs.order import Order
from train.runs.repeat import done_run, start_or_resume
from train.runs.run import Run
from train.tracking.sending import tracking_uri
from train.tracking.sent import track

# What the students had stands first; the other values are tried with everything else as it stands there.
SWEEP: Mapping[str, Sequence[float]] = {
    "depth": (4, 6, 8),
    "learning_rate": (2e-4, 5e-5, 1e-3),
    "dropout": (0.2, 0.0, 0.5),
    "batch_size": (64, 32, 256),
}
_CURVES = (
    ("loss_discriminator", "discriminator's loss"),
    ("loss_generator", "generator's loss"),
    ("distance", "distance"),
)
_METRICS = (("frechet_distance", "distance at the end"), ("recall", "recall"), ("top1", "recognised at once"))


@dataclass(frozen=True)
class Variant:
    """One training of a study. setting, value: what is other than in the centre; no setting: the centre itself."""

    setting: str
    value: float
    config: Config

    @property
    def name(self) -> str:
        return f"{self.setting.replace('_', ' ')} {self.value:g}" if self.setting else "as the students had it"


def variants() -> list[Variant]:
    """The centre, and then all that differs from it in one setting."""
    centre = replace(SUPERDEEP, **{setting: values[0] for setting, values in SWEEP.items()})
    others = [
        Variant(setting, value, replace(centre, **{setting: value}))
        for setting, values in SWEEP.items()
        for value in values[1:]
    ]
    return [Variant("", 0, centre), *others]


def study(class_name: str, home: Home, epochs: float, num_rows: int, device: str) -> Path | None:
    """Train every variant that is not done yet, in a folder of its own. Returns the figure; None if it was stopped.

    Nothing of it is drawn with afterwards: its checkpoints lie with the study.
    """
    home = replace(home, folder=home.folder / "study")
    done: list[tuple[Variant, Run]] = []
    for variant in variants():
        order = Order(
            class_name=f"{class_name} ({variant.name.replace('.', ' ')})",
            class_names=(class_name,),
            source=home.source,
            num_rows=num_rows,
            epochs=epochs,
            replace=True,
            config=variant.config,
        )
        run = done_run(order, home) or start_or_resume(order, home)
        track(run, f"study of {class_name}")
        if run.status().state != "done":
            print(variant.name)
            follow(run, home, device)
        if run.status().state != "done":
            return None
        done.append((variant, run))
    path = home.folder / f"study-{slug(class_name)}.png"
    write_file(path, figure(class_name, epochs, done))
    return path


def figure(class_name: str, epochs: float, done: Sequence[tuple[Variant, Run]]) -> bytes:
    """A PNG: a row for each setting; losses and distance over the images seen, and the metrics at the end."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(19, 3.1 * len(SWEEP) + 0.6), layout="constrained")
    drawn.suptitle(f"“{class_name}” by the student project's recipe, one setting at a time, {epochs:g} epochs each")
    grid = drawn.subplots(len(SWEEP), len(_CURVES) + len(_METRICS), squeeze=False)
    centre = [pair for pair in done if not pair[0].setting]
    for row, (setting, values) in zip(grid, SWEEP.items(), strict=True):
        chosen = centre + [pair for pair in done if pair[0].setting == setting]
        labels = [f"{variant.value if variant.setting else values[0]:g}" for variant, _ in chosen]
        colours = [f"C{number}" for number in range(len(chosen))]
        for axes, (curve, title) in zip(row, _CURVES, strict=False):
            for (_, run), label, colour in zip(chosen, labels, colours, strict=True):
                batch = run.status().order.config.batch_size
                points = [(entry.step * batch, getattr(entry, curve)) for entry in run.progress()]
                points = [(images, value) for images, value in points if value is not None]
                axes.plot(*zip(*points, strict=True), label=label, color=colour, linewidth=1) if points else None
            axes.set(title=title, xlabel="images seen")
            axes.grid(alpha=0.3)
        row[0].set_ylabel(setting.replace("_", " "), fontweight="bold")
        row[0].legend(fontsize="small")
        for axes, (metric, title) in zip(row[len(_CURVES) :], _METRICS, strict=True):
            cards = [read_card(checkpoint_path(run.folder, run.status().order.class_name)) for _, run in chosen]
            axes.bar(labels, [card.metrics.get(metric, 0.0) for card in cards], color=colours)
            axes.set(title=title)
            if metric != "frechet_distance":
                axes.set_ylim(0, 1)  # a share
    buffer = io.BytesIO()
    drawn.savefig(buffer, format="png", dpi=80)
    return buffer.getvalue()


def _arguments(parser: argparse.ArgumentParser) -> None:
    data_arguments(parser)
    parser.set_defaults(rows=2000)
    parser.add_argument("class_name", metavar="CLASS", help="what to learn, such as cat")
    parser.add_argument("--epochs", type=float, default=10.0, help="of each training (default: %(default)s)")


def _study(options: argparse.Namespace, home: Home) -> int:
    home = home.with_source(options.data) if options.data else home
    tracking_uri(home)  # which is asked for in vain where MLflow is not installed
    path = study(find_class(options.class_name), home, options.epochs, options.rows, pick_device(options.device))
    print(path or "Stopped; the same command goes on with it.")
    return 0


STUDY = Command(
    "sweep the student project's settings one at a time, and draw the comparison", _arguments, _study, goes_on=True
)
