"""Train: start a run for any class and watch it learn."""

import gradio as gr

from model.drawing.sampler import Sampler
from model.quickdraw.classes import CLASS_NAMES
from studio.shared.assets import calling, mounting
from studio.shared.class_picker import picker_functions
from studio.shared.events import QUIET, in_browser, live
from studio.shared.tiles import Tiles
from studio.train.run_actions import DURATIONS, RunActions
from studio.train.run_poll import RunPoll
from studio.train.run_view import IDLE, NO_RUNS_HTML
from studio.train.share import can_sign_in, share_panel
from train.config import DOODLE, RECIPES
from train.home import Home
from train.runs.order import MAX_CLASSES
from train.runs.settings import Settings, is_zero_gpu
from train.site.constants import page_constants
from train.site.markup import asset, picker_html

PICKER_LABEL = f"Classes <small>one, or up to {MAX_CLASSES} for a mixture</small>"
CONTROLS = {"stop": "Stop", "resume": "Resume", "longer": "Train longer", "discard": "Discard"}


def train_tab(page: gr.Blocks, tab: gr.Tab, home: Home, sampler: Sampler, tiles: Tiles) -> None:
    """Raises ValueError for a bad setting."""
    settings = Settings.from_environment()
    actions, poll = RunActions(home, settings), RunPoll(home, settings, sampler)
    with gr.Row():
        with gr.Column(scale=1, min_width=300):
            picker = gr.HTML(
                [],
                html_template=picker_html("train", PICKER_LABEL) + asset("train/classes.html"),
                css_template=asset("shared/parts.css") + asset("train/classes.css"),
                js_on_load=mounting("train/classes.js"),
                server_functions=picker_functions(tiles),
                class_names=list(CLASS_NAMES),
                constants=page_constants(),
                apply_default_css=False,
                elem_id="train-picker",
            )
            allowed = [name for name, minutes in DURATIONS.items() if minutes <= settings.max_minutes]
            offered = allowed or list(DURATIONS)[:1]
            choice = gr.Radio(
                offered, value=offered[min(1, len(offered) - 1)], label="How long", elem_id="train-duration"
            )
            with gr.Accordion("For experts", open=False, elem_id="train-experts"):
                minutes = gr.Number(
                    0,
                    step=0.5,
                    label="Exact minutes",
                    info=f"up to {settings.max_minutes:g}; replaces the choice above, 0 keeps it",
                    elem_id="train-minutes",
                )
                recipe = gr.Radio(
                    list(RECIPES),
                    value=DOODLE.recipe,
                    label="Recipe",
                    info="doodle is this app's; superdeep is from the original student project, for comparison",
                )
            start = gr.Button(
                "Start" if settings.training else "Training is switched off here",
                variant="primary",
                interactive=bool(settings.training),
                elem_id="train-start",
            )
        with gr.Column(scale=2, min_width=300):
            status = gr.HTML(IDLE, elem_id="train-status")
            with gr.Row():
                controls = [
                    gr.Button(name, size="sm", min_width=130, interactive=False, elem_id=f"train-{key}")
                    for key, name in CONTROLS.items()
                ]
            with gr.Row(visible=False, elem_id="train-discard-sure") as question:
                gr.HTML("<p>Discard this run with its drawings and its snapshot? That can't be undone.</p>")
                discard_now = gr.Button("Discard it", size="sm", variant="stop", elem_id="train-discard-now")
                keep = gr.Button("Keep it", size="sm", elem_id="train-keep")
            picture = gr.HTML(elem_id="train-sheet")
            moment = gr.Slider(
                0,
                1,
                0,
                step=1,
                precision=0,
                visible=False,
                label="From the first drawings to the latest",
                buttons=[],
                elem_id="train-moment",
            )
            losses = gr.LinePlot(
                x="step",
                y="loss",
                color="network",
                color_title="",
                height=320,
                label="Losses",
                visible=False,
                elem_id="train-losses",
            )
            distances = gr.LinePlot(
                x="step",
                y="distance",
                height=220,
                label="Distance to real drawings",
                visible=False,
                elem_id="train-distance",
            )

    run_id = gr.Textbox(visible=False)
    if can_sign_in():
        share_panel(home, run_id, sampler.collection)
    gr.Markdown("#### Latest runs")
    latest = gr.HTML(
        NO_RUNS_HTML,
        css_template=asset("train/runs.css"),
        js_on_load=mounting("train/run_list.js", "watch", "seen"),
        elem_id="train-runs",
    )
    seen = gr.JSON(visible=False)
    timer = gr.Timer(1.0, active=False)
    shown = [status, picture, moment, losses, distances, latest, *controls, seen, timer]
    how_long = [choice, minutes]
    stop, resume, longer, discard = controls
    in_browser(tab.select, _watching("showRunAddress"), None)
    for trigger in (tab.select, latest.seen):
        in_browser(trigger, _watching("pollAgain"), None, timer)
    in_browser(discard.click, calling("shared/events.js", "show"), None, question)
    for trigger in (keep.click, discard_now.click, start.click, latest.watch):
        in_browser(trigger, calling("shared/events.js", "hide"), None, question)
    # Queued, because Gradio shows the errors of queued events only. If a poll fails, the page polls again.
    started = start.click(actions.start, [picker, *how_long, recipe], [run_id, timer], **QUIET)
    resumed = resume.click(actions.resume, run_id, timer, **QUIET)
    discarded = discard_now.click(actions.discard, run_id, run_id, **QUIET)
    lengthened = longer.click(actions.train_longer, [run_id, *how_long], timer, **QUIET)
    for event in (
        in_browser(started.success, _watching("keepRun"), run_id).then,
        stop.click(actions.stop, run_id, None, **QUIET).then,
        resumed.then,
        lengthened.then,
        in_browser(discarded.success, _watching("keepRun"), run_id).then,
        in_browser(latest.watch(poll.watch, None, [run_id, timer], **QUIET).success, _watching("keepRun"), run_id).then,
        in_browser(
            page.load(poll.attach, run_id, [run_id, timer], js=_watching("recallRun"), **QUIET).success,
            _watching("attachRun"),
            run_id,
        ).then,
        timer.tick,
    ):
        mode = "once" if event is timer.tick else "multiple"  # what a visitor does shows at once, not at the next tick
        inputs, numbered = [run_id, moment, seen], _watching("numberPoll")
        polled = event(poll.poll, inputs, shown, js=numbered, queue=False, trigger_mode=mode, **QUIET)
        in_browser(polled.then, _watching("pollAgainIfOutdated"), seen, timer)
    if is_zero_gpu():
        # Queued, because only such events carry the visitor's quota; one at a time, as a worker would.
        for event in (started, resumed, lengthened):
            event.success(actions.work, run_id, None, concurrency_limit=1, concurrency_id="work", **QUIET)
    live(moment.input, poll.scrub, [run_id, moment], picture, trigger_mode="always_last")


def _watching(function: str) -> str:
    return calling("train/watching.js", function)
