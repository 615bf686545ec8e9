"""Train: order a generator for any class and watch it learn. The run lives in its folder; this only looks at it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from zlib import crc32

import gradio as gr

from model.drawing.sampler import Sampler
from model.quickdraw.classes import CLASS_NAMES
from studio.shared.assets import asset, calling, mounting
from studio.shared.class_picker import picker_functions, picker_html, trained_classes
from studio.shared.constants import page_constants
from studio.shared.events import QUIET, in_browser, live
from studio.shared.tiles import Tiles
from studio.shared.visitors import visitor_id
from studio.train.run_actions import DIAL, RunActions
from studio.train.run_view import (
    IDLE,
    NO_RUNS,
    distance_plot,
    loss_curves,
    runs_html,
    sheet_at,
    shown_progress,
    status_html,
)
from studio.train.share import can_sign_in, share_panel
from studio.train.watchers import Watchers
from train.config import DOODLE, RECIPES
from train.execution.admission import may_change
from train.execution.worker import ensure_worker
from train.home import Home
from train.runs.order import MAX_CLASSES
from train.runs.queue import place
from train.runs.run import Run, find_run
from train.runs.settings import Settings, is_zero_gpu
from train.runs.status import Status

PICKER_LABEL = f"Classes <small>one, or up to {MAX_CLASSES} for a mixture</small>"
CONTROLS = {"stop": "Stop", "resume": "Resume", "longer": "Train longer", "discard": "Discard"}


@dataclass(frozen=True)
class Seen:
    """What a visitor's page shows already, so that a poll sends only what is new. The page itself keeps it, for an
    answer that was lost shows nothing."""

    run_id: str = ""
    sheets: Sequence[str] = ()
    listed: int = 0  # a checksum
    buttons: Sequence[bool] = ()
    pause: float = 0.0
    asked: int = 0  # the number of the page's question
    is_sure: bool = False  # that all this will be so when the answer comes


def train_tab(page: gr.Blocks, tab: gr.Tab, home: Home, sampler: Sampler, tiles: Tiles) -> None:
    """Raises ValueError for a bad setting."""
    settings, watchers = Settings.from_environment(), Watchers()
    actions = RunActions(home, settings)

    def look(run_id: str, moment: int, kept: object, request: gr.Request, who: gr.OAuthProfile | None) -> list[object]:
        visitor, seen = visitor_id(home, settings, request, who), seen_by(kept)
        try:
            return show(run_id, moment, seen, visitor, request.session_hash or "")
        except FileNotFoundError:  # somebody discarded a run meanwhile; now it is no longer listed
            return show(run_id, moment, seen, visitor, request.session_hash or "")

    def show(run_id: str, moment: int, seen: Seen, visitor: str, session: str) -> list[object]:
        """Everything the tab shows of a run, `gr.skip()` for what the visitor's page shows already."""
        run = find_run(home.runs, run_id or "")
        listed = runs_html(home.runs, run.id if run else "")
        checksum = crc32(listed.encode())
        latest = gr.skip() if seen.is_sure and checksum == seen.listed else listed
        if run is None:
            buttons = [gr.Button(interactive=False)] * 4
            nothing = [IDLE, "", gr.Slider(visible=False), gr.LinePlot(visible=False), gr.LinePlot(visible=False)]
            now = Seen(listed=checksum, pause=seen.pause, asked=seen.asked)
            return [*nothing, latest, *buttons, asdict(now), gr.Timer(active=False)]
        status, sheets = run.status(), run.sheets()
        is_own = may_change(run, visitor)
        allowed = allowed_buttons(run, status, is_own and bool(settings.training), is_own)
        now = Seen(
            run.id,
            [path.name for path in sheets],
            checksum,
            allowed,
            watchers.pause(session),
            seen.asked,
        )
        ensure_worker(home)
        stay = seen.is_sure and list(allowed) == seen.buttons
        buttons = [gr.skip() if stay else gr.Button(interactive=each) for each in allowed]
        active = status.state in ("queued", "running")
        return [
            status_html(
                run,
                status,
                run.last_progress(),
                place(run, home.runs),
                status.order.class_name in trained_classes(sampler),
            ),
            *_moving_parts(run, sheets, moment, seen),
            latest,
            *buttons,
            asdict(now),
            gr.Timer(now.pause, active=active) if not active or now.pause != seen.pause else gr.skip(),
        ]

    def scrub(run_id: str, moment: int) -> str:
        run = find_run(home.runs, run_id or "")
        sheets = run.sheets() if run else []
        return sheet_at(run, sheets, int(moment), shown_progress(run)) if sheets else ""

    def attach(run_id: str) -> tuple[str, object]:
        """Watch the run that the link or this browser's memory names, if it is still there."""
        found = find_run(home.runs, run_id or "")
        if run_id and not found:
            gr.Info("The run that was watched here is no longer there.")
        return (found.id if found else ""), gr.Timer(active=True)

    def watch(event: gr.EventData) -> tuple[str, object]:
        return attach(event._data.get("run", "") if isinstance(event._data, dict) else "")

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
            offered = [name for name, minutes in DIAL.items() if minutes <= settings.max_minutes] or list(DIAL)[:1]
            dial = gr.Radio(offered, value=offered[min(1, len(offered) - 1)], label="How long", elem_id="train-dial")
            with gr.Accordion("For experts", open=False, elem_id="train-experts"):
                minutes = gr.Number(
                    0,
                    step=0.5,
                    label="Exact minutes",
                    info=f"up to {settings.max_minutes:g}, in place of the dial; 0 leaves it to the dial",
                    elem_id="train-minutes",
                )
                recipe = gr.Radio(
                    list(RECIPES),
                    value=DOODLE.recipe,
                    label="Recipe",
                    info="doodle is ours; superdeep is the student project's, for comparison",
                )
            begin = gr.Button(
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
            picture = gr.HTML(elem_id="train-sheet")
            moment = gr.Slider(
                0,
                1,
                0,
                step=1,
                precision=0,
                visible=False,
                label="From the first sheet to the last",
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
        NO_RUNS,
        css_template=asset("train/runs.css"),
        js_on_load=mounting("train/run_list.js", "watch", "seen"),
        elem_id="train-runs",
    )
    seen = gr.JSON(visible=False)
    timer = gr.Timer(1.0, active=False)
    shown = [status, picture, moment, losses, distances, latest, *controls, seen, timer]
    long = [dial, minutes]
    end, resume, longer, drop = controls
    in_browser(tab.select, _watching("showRunAddress"), None)
    for trigger in (tab.select, latest.seen):
        in_browser(trigger, _watching("lookAgain"), None, timer)
    # Queued, as what they have to say is then shown; a look that failed is asked for again by the page.
    started = begin.click(actions.start, [picker, *long, recipe], [run_id, timer], **QUIET)
    resumed = resume.click(actions.resume, run_id, timer, **QUIET)
    lengthened = longer.click(actions.train_longer, [run_id, *long], timer, **QUIET)
    for event in (
        in_browser(started.success, _watching("keepRun"), run_id).then,
        end.click(actions.stop, run_id, None, **QUIET).then,
        resumed.then,
        lengthened.then,
        in_browser(drop.click(actions.discard, run_id, run_id, **QUIET).success, _watching("keepRun"), run_id).then,
        in_browser(latest.watch(watch, None, [run_id, timer], **QUIET).success, _watching("keepRun"), run_id).then,
        in_browser(
            page.load(attach, run_id, [run_id, timer], js=_watching("recallRun"), **QUIET).success,
            _watching("attachRun"),
            run_id,
        ).then,
        timer.tick,
    ):
        mode = "once" if event is timer.tick else "multiple"  # what is asked for is not left to the next tick
        looked = event(
            look, [run_id, moment, seen], shown, js=_watching("ask"), queue=False, trigger_mode=mode, **QUIET
        )
        in_browser(looked.then, _watching("checkAnswer"), seen, timer)
    if is_zero_gpu():
        # Queued, for only such events carry the quota of whoever clicked; one after the other, as a worker would.
        for event in (started, resumed, lengthened):
            event.success(actions.work, run_id, None, concurrency_limit=1, concurrency_id="work", **QUIET)
    live(moment.input, scrub, [run_id, moment], picture, trigger_mode="always_last")


def _watching(function: str) -> str:
    return calling("train/watching.js", function)


def seen_by(kept: object) -> Seen:
    """What a page says that it shows; whoever says what no page of ours does is shown everything."""
    try:
        seen = Seen(**kept)
    except TypeError:
        return Seen()
    kinds = {"sheets": list, "pause": int | float, "asked": int}
    return seen if all(isinstance(getattr(seen, name), kind) for name, kind in kinds.items()) else Seen()


def allowed_buttons(run: Run, status: Status, may_train: bool, is_own: bool) -> tuple[bool, ...]:
    """Whether it makes sense to stop, to resume, to train longer and to discard a run."""
    ended = status.state in ("stopped", "failed", "done")
    return (
        is_own and run.is_active() and not run.should_stop(),
        may_train and (status.state in ("stopped", "failed") or run.is_paused()),
        may_train and status.state in ("stopped", "done") and run.snapshot_path.exists(),
        is_own and ended,
    )


def _moving_parts(run: Run, sheets: list, moment: int, seen: Seen) -> list[object]:
    """Sheet, slider and curves, where there is a new sheet: drawn anew every second, curves would flicker."""
    names = [path.name for path in sheets]
    if seen.is_sure and (run.id, names) == (seen.run_id, seen.sheets):
        return [gr.skip()] * 4
    progress = shown_progress(run)
    last = max(0, len(sheets) - 1)
    # Whoever looks back at an earlier time is left there.
    follows = run.id != seen.run_id or moment >= len(seen.sheets) - 1
    slider = {"maximum": max(1, last), "visible": last > 0} | ({"value": last} if follows else {})
    picture = (sheet_at(run, sheets, last, progress) if sheets else "") if follows else gr.skip()
    return [
        picture,
        gr.Slider(**slider),
        gr.LinePlot(loss_curves(progress), visible=len(progress) > 1),
        distance_plot(progress),
    ]
