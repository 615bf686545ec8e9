"""The figure of a study: a row for each setting, with a curve and a bar for each of its values."""

import io
from collections.abc import Mapping
from typing import TYPE_CHECKING

from model.files.checkpoint import checkpoint_path, read_card
from train.runs.run import Run

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CURVES = {
    "loss_discriminator": "discriminator's loss",
    "loss_generator": "generator's loss",
    "distance": "distance",
}
METRICS = {"frechet_distance": "distance at the end", "recall": "recall", "top1": "recognised at first guess"}
SHARES = ("recall", "top1")  # between 0 and 1


def draw_figure(title: str, rows: Mapping[str, Mapping[str, Run]]) -> bytes:
    """A PNG. rows: setting to its values to their runs. Curves are drawn over the images seen."""
    from matplotlib.figure import Figure  # late, because importing matplotlib takes a second

    figure = Figure(figsize=(19, 3.1 * len(rows) + 0.6), layout="constrained")
    figure.suptitle(title)
    grid = figure.subplots(len(rows), len(CURVES) + len(METRICS), squeeze=False)
    for axes, (setting, runs) in zip(grid, rows.items(), strict=True):
        for axis, curve in zip(axes, CURVES, strict=False):
            _plot_curve(axis, curve, runs)
        for axis, metric in zip(axes[len(CURVES) :], METRICS, strict=True):
            _plot_bars(axis, metric, runs)
        axes[0].set_ylabel(setting, fontweight="bold")
        axes[0].legend(fontsize="small")
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=80)
    return buffer.getvalue()


def _plot_curve(axes: "Axes", curve: str, runs: Mapping[str, Run]) -> None:
    for number, (label, run) in enumerate(runs.items()):
        batch_size = run.status().order.config.batch_size
        points = [(entry.step * batch_size, getattr(entry, curve)) for entry in run.progress()]
        points = [(images, value) for images, value in points if value is not None]
        if points:
            axes.plot(*zip(*points, strict=True), label=label, color=f"C{number}", linewidth=1)
    axes.set(title=CURVES[curve], xlabel="images seen")
    axes.grid(alpha=0.3)


def _plot_bars(axes: "Axes", metric: str, runs: Mapping[str, Run]) -> None:
    cards = [read_card(checkpoint_path(run.folder, run.status().order.class_name)) for run in runs.values()]
    colours = [f"C{number}" for number in range(len(runs))]
    axes.bar(list(runs), [card.metrics.get(metric, 0.0) for card in cards], color=colours)
    axes.set(title=METRICS[metric])
    if metric in SHARES:
        axes.set_ylim(0, 1)
