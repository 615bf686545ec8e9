"""The student project's study: its recipe with one setting changed at a time."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from model.files.writing import write_file
from model.quickdraw.classes import slug
from train.config import SUPERDEEP, Config
from train.execution.console import follow
from train.fleet.study_figure import draw_figure
from train.home import Home
from train.runs.order import Order
from train.runs.repeat import done_run, start_or_resume
from train.runs.run import Run
from train.tracking.sent import track

STUDENTS = replace(SUPERDEEP, depth=4, learning_rate=2e-4, dropout=0.2, batch_size=64)
# What is tried instead of the students' value of one setting, while all others stay as the students had them.
SWEEP: Mapping[str, Sequence[Config]] = {
    "depth": [replace(STUDENTS, depth=depth) for depth in (6, 8)],
    "learning_rate": [replace(STUDENTS, learning_rate=rate) for rate in (5e-5, 1e-3)],
    "dropout": [replace(STUDENTS, dropout=dropout) for dropout in (0.0, 0.5)],
    "batch_size": [replace(STUDENTS, batch_size=batch_size) for batch_size in (32, 256)],
}
DEFAULT_EPOCHS = 10.0
DEFAULT_ROWS = 2000  # drawings per class


@dataclass(frozen=True)
class Variant:
    """One training of the study. setting: the one that was changed, empty for the students' own recipe."""

    setting: str
    config: Config

    @property
    def name(self) -> str:
        if not self.setting:
            return "as the students had it"
        return f"{self.setting.replace('_', ' ')} {getattr(self.config, self.setting):g}"


def variants() -> list[Variant]:
    """The students' recipe first, then everything that differs from it in one setting."""
    changed = [Variant(setting, config) for setting, configs in SWEEP.items() for config in configs]
    return [Variant("", STUDENTS), *changed]


def study(class_name: str, home: Home, epochs: float, num_rows: int, device: str) -> Path | None:
    """Train every variant that isn't done yet, in a folder of its own, where the page doesn't look for checkpoints.

    Returns the path of the figure, or None if the user stopped a run.
    """
    home = replace(home, folder=home.folder / "study")
    runs: dict[Variant, Run] = {}
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
        runs[variant] = run
    path = home.folder / f"study-{slug(class_name)}.png"
    title = f"“{class_name}” with the student project's recipe, one setting changed at a time, {epochs:g} epochs each"
    write_file(path, draw_figure(title, _rows(runs)))
    return path


def _rows(runs: Mapping[Variant, Run]) -> dict[str, dict[str, Run]]:
    """For each setting, its values and the run with each of them; the students' value comes first."""
    return {
        setting.replace("_", " "): {
            f"{getattr(variant.config, setting):g}": run
            for variant, run in runs.items()
            if variant.setting in ("", setting)
        }
        for setting in SWEEP
    }
