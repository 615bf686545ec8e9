"""A run's pictures: its loss curves and its animation."""

import io

from PIL import Image

from model.files.writing import write_file
from model.quickdraw.images import gif
from train.runs.run import Run

HOLD_FRAMES = 12  # how often the last frame is repeated, so that viewers have time to see it


def write_curves(run: Run) -> None:
    """losses.png and losses.svg: both networks' losses over the steps."""
    # Not pyplot, whose figures are global. Imported here because matplotlib takes a second.
    from matplotlib.figure import Figure

    progress = run.progress()
    steps = [entry.step for entry in progress]
    figure = Figure(figsize=(8, 4.5), layout="constrained")
    axes = figure.subplots()
    axes.plot(steps, [entry.loss_discriminator for entry in progress], label="discriminator", linewidth=1)
    axes.plot(steps, [entry.loss_generator for entry in progress], label="generator", linewidth=1)
    axes.set(xlabel="step", ylabel="loss", title=f"Losses of “{run.status().order.class_name}”")
    axes.grid(alpha=0.3)
    axes.legend()
    for kind in ("png", "svg"):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, dpi=150)
        write_file(run.folder / f"losses.{kind}", buffer.getvalue())


def write_gif(run: Run) -> None:
    """training.gif: all sheets of the fixed seeds, from first to last; no file if there are none."""
    frames = []
    for path in run.sheets():
        with Image.open(path) as picture:
            frames.append(picture.convert("L"))
    if not frames:
        return
    frames += frames[-1:] * HOLD_FRAMES
    write_file(run.folder / "training.gif", gif(frames, milliseconds=120, scale=2))
