"""Train: order a generator for any class and watch it learn. The run lives in its folder; this only looks at it."""

from dataclasses import dataclass
from html import escape

import gradio as gr
import pandas as pd

from model.classes import CLASS_NAMES, find_class
from model.sampler import Sampler
from studio.classes import choices, trained_classes
from studio.live import in_browser, live, mistake
from studio.pictures import sheet_html
from train.home import Home
from train.loop import Progress
from train.order import MAX_CLASSES, Order, default_name
from train.recipes import DOODLE, RECIPES
from train.runs import BusyError, Run, Status, create_run, find_run
from train.worker import ensure_worker

MAX_MINUTES = 60
MAX_POINTS = 300  # of a curve on the page

# The run that this browser watches: in the link, so that it can be shared, and in the browser's memory.
RECALL = "() => new URLSearchParams(location.search).get('run') || localStorage.getItem('doodles-run') || ''"
KEEP = """(run) => {
  const query = new URLSearchParams(location.search);
  query.set("run", run);
  history.replaceState(null, "", "?" + query);
  localStorage.setItem("doodles-run", run);
}"""


@dataclass(frozen=True)
class Seen:
    """What a visitor's page shows already, so that a poll sends only what is new."""

    run_id: str = ""
    sheet: str = ""
    trained: tuple[str, ...] = ()


def train_tab(page: gr.Blocks, home: Home, sampler: Sampler, pickers: list[gr.Dropdown]) -> None:
    """Builds the tab; `pickers` are told when there is a new class to draw."""

    def start(texts: list[str], minutes: float, recipe: str) -> tuple[str, object]:
        try:
            if not texts:
                raise ValueError("Pick at least one class to train.")
            class_names = tuple(dict.fromkeys(find_class(text) for text in texts))
            config = RECIPES[recipe]
            order = Order(
                class_name=default_name(class_names, config),
                class_names=class_names,
                source=home.source,
                seconds=60 * minutes,
                requested_by="page",
                config=config,
            )
            run = create_run(home.runs, order)
        except BusyError as error:
            gr.Info(escape(str(error)))
            return error.run_id, gr.Timer(active=True)
        except (ValueError, OSError) as error:
            raise mistake(error) from error
        ensure_worker(home)
        return run.id, gr.Timer(active=True)

    def stop(run_id: str) -> None:
        run = find_run(home.runs, run_id or "")
        if run is None or not run.is_active():
            raise mistake(ValueError("Nothing is in training here; start a run first."))
        run.ask_to_stop()

    def look(run_id: str, seen: Seen) -> list[object]:
        """Everything the tab shows of a run, `gr.skip()` for what the visitor's page shows already."""
        run = find_run(home.runs, run_id or "")
        trained = tuple(trained_classes(sampler))
        updates = [gr.Dropdown(choices=choices(sampler)) if trained != seen.trained else gr.skip() for _ in pickers]
        if run is None:
            return [gr.skip(), gr.skip(), gr.skip(), Seen(trained=trained), gr.Timer(active=False), *updates]
        status, progress, sheets = run.status(), run.progress(), run.sheets()
        ensure_worker(home)
        now = Seen(run.id, sheets[-1].name if sheets else "", trained)
        # The curves come with each new sheet: drawn anew every second, they would flicker.
        same = (now.run_id, now.sheet) == (seen.run_id, seen.sheet)
        return [
            status_html(status, progress[-1] if progress else None),
            gr.skip() if same else _sheet(run, status),
            gr.skip() if same else curves(progress),
            now,
            gr.Timer(active=status.state in ("queued", "running")),
            *updates,
        ]

    def attach(run_id: str) -> tuple[str, object]:
        """Watch the run that the link or this browser's memory names, if it is still there."""
        found = find_run(home.runs, run_id or "")
        if run_id and not found:
            gr.Info("The run that was watched here is no longer there.")
        return (found.id if found else ""), gr.Timer(active=True)

    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            picker = gr.Dropdown(
                list(CLASS_NAMES),
                value=[],
                multiselect=True,
                max_choices=MAX_CLASSES,
                label="Classes",
                info="one, or several for a mixture",
                elem_id="train-classes",
            )
            minutes = gr.Slider(0.5, MAX_MINUTES, 3, step=0.5, label="How long (minutes)", elem_id="train-minutes")
            with gr.Accordion("For experts", open=False):
                recipe = gr.Radio(
                    list(RECIPES),
                    value=DOODLE.recipe,
                    label="Recipe",
                    info="doodle is ours; superdeep is the student project's, for comparison",
                )
            with gr.Row():
                begin = gr.Button("Start", variant="primary", elem_id="train-start")
                end = gr.Button("Stop", variant="stop", elem_id="train-stop")
        with gr.Column(scale=2, min_width=300):
            status = gr.HTML(IDLE, elem_id="train-status")
            picture = gr.HTML(elem_id="train-sheet")
            plot = gr.LinePlot(
                x="step",
                y="loss",
                color="network",
                height=280,
                label="Losses",
                elem_id="train-losses",
                buttons=["export"],
            )

    run_id = gr.Textbox(visible=False)
    seen = gr.State(Seen())
    timer = gr.Timer(1.0, active=False)
    shown = [status, picture, plot, seen, timer, *pickers]
    told = {"show_progress": "hidden", "api_visibility": "private"}  # queued: what they have to say is shown
    for event in (
        in_browser(begin.click(start, [picker, minutes, recipe], [run_id, timer], **told).success, KEEP, run_id).then,
        end.click(stop, run_id, None, **told).then,
        page.load(attach, run_id, [run_id, timer], js=RECALL, **told).then,
        timer.tick,
    ):
        live(event, look, [run_id, seen], shown)


IDLE = (
    '<p class="origin">Pick a class and press Start. The run goes on if you close this page; come back to watch it.</p>'
)


def status_html(status: Status, progress: Progress | None) -> str:
    """A run in words, with a bar."""
    fraction = progress.fraction if progress else 0.0
    words = {"queued": "waiting for its turn", "running": "learning", "done": "done", "failed": "failed"}
    detail = ""
    if progress and status.state == "running":
        left = progress.seconds * (1 - fraction) / fraction if fraction else 0
        detail = f"{_duration(left)} left · step {progress.step} · {progress.images_per_second:.0f} images/s"
    return (
        f'<div class="run run-{status.state}"><p><b>{escape(status.order.class_name)}</b> · '
        f"{words.get(status.state, status.state)}</p>"
        f'<div class="bar" role="progressbar" aria-label="Progress" '
        f'aria-valuemin="0" aria-valuemax="100" aria-valuenow="{100 * fraction:.0f}">'
        f'<div style="width:{100 * fraction:.1f}%"></div></div>'
        f'<p class="origin">{escape(status.sentence)} {detail}</p></div>'
    )


def curves(progress: list[Progress]) -> pd.DataFrame:
    """Both networks' losses in long form, thinned to what a plot can show."""
    every = max(1, -(-len(progress) // MAX_POINTS))
    thin = [*progress[:-1:every], *progress[-1:]]
    losses = {
        "discriminator": [entry.loss_discriminator for entry in thin],
        "generator": [entry.loss_generator for entry in thin],
    }
    steps = [entry.step for entry in thin]
    parts = [pd.DataFrame({"step": steps, "loss": values, "network": name}) for name, values in losses.items()]
    return pd.concat(parts, ignore_index=True)


def _sheet(run: Run, status: Status) -> str:
    sheets = run.sheets()
    return sheet_html(sheets[-1], f"{status.order.class_name}, 64 fixed seeds") if sheets else ""


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} min"
