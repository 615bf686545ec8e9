"""What the Train tab shows of a run, poll by poll. A run lives in its folder; this only reads it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from zlib import crc32

import gradio as gr

from model.drawing.sampler import Sampler
from studio.shared.class_picker import trained_classes
from studio.shared.events import event_value
from studio.shared.visitors import visitor_id
from studio.train.messages import RUN_IS_GONE
from studio.train.poll_pacing import PollPacing
from studio.train.run_summary import summarise
from studio.train.run_view import IDLE, distance_plot, loss_plot, read_progress_once, runs_html, sheet_at, status_html
from train.execution.admission import may_change
from train.execution.worker import ensure_worker
from train.home import Home
from train.runs.queue import place
from train.runs.run import Run, find_run
from train.runs.settings import Settings
from train.runs.status import Status

FAILED_PAUSE = 10.0  # seconds between the polls of a failed run, which the worker resumes once the disk has room
NUM_BUTTONS = 4  # stop, resume, train longer, discard


@dataclass(frozen=True)
class Seen:
    """What a visitor's page shows already, so that a poll sends only what is new.

    The page itself keeps this and sends it with each poll, because an answer that got lost shows nothing.
    """

    run_id: str = ""
    sheets: Sequence[str] = ()  # file names
    listed: int = 0  # a checksum of the list of runs
    buttons: Sequence[bool] = ()
    pause: float = 0.0  # seconds between polls
    poll: int = 0  # its number, counted by the page
    is_sure: bool = False  # that all this will still be so when the answer arrives


class RunPoll:
    """The handlers that show a run."""

    def __init__(self, home: Home, settings: Settings, sampler: Sampler):
        self.home, self.settings, self.sampler = home, settings, sampler
        self._pacing = PollPacing()

    def poll(
        self, run_id: str, moment: int, seen: object, request: gr.Request, profile: gr.OAuthProfile | None
    ) -> list[object]:
        """Everything that the tab shows of a run, `gr.skip()` for what the visitor's page shows already."""
        visitor, before = visitor_id(self.home, self.settings, request, profile), read_seen(seen)
        session = request.session_hash or ""
        try:
            return self._answer(run_id, moment, before, visitor, session)
        except FileNotFoundError:  # a run was discarded meanwhile; now it's no longer listed
            return self._answer(run_id, moment, before, visitor, session)

    def scrub(self, run_id: str, moment: int) -> str:
        """The sheet at a moment of the slider."""
        run = find_run(self.home.runs, run_id or "")
        sheets = run.sheets() if run else []
        return sheet_at(run, sheets, int(moment), read_progress_once(run)) if run and sheets else ""

    def attach(self, run_id: str) -> tuple[str, object]:
        """Watch the run that the link or the browser's memory names, if it still exists."""
        run = find_run(self.home.runs, run_id or "")
        if run_id and not run:
            gr.Info(RUN_IS_GONE)
        return (run.id if run else ""), gr.Timer(active=True)

    def watch(self, event: gr.EventData) -> tuple[str, object]:
        """Watch the run that was clicked in the list."""
        run_id = event_value(event, "run")
        return self.attach(run_id if isinstance(run_id, str) else "")

    def _answer(self, run_id: str, moment: int, seen: Seen, visitor: str, session: str) -> list[object]:
        run = find_run(self.home.runs, run_id or "")
        list_html = runs_html(self.home.runs, run.id if run else "")
        checksum = crc32(list_html.encode())
        latest = gr.skip() if seen.is_sure and checksum == seen.listed else list_html
        if run is None:
            buttons = [gr.Button(interactive=False)] * NUM_BUTTONS
            nothing = [IDLE, "", gr.Slider(visible=False), gr.LinePlot(visible=False), gr.LinePlot(visible=False)]
            shown = Seen(listed=checksum, pause=seen.pause, poll=seen.poll)
            return [*nothing, latest, *buttons, asdict(shown), gr.Timer(active=False)]
        status, sheets = run.status(), run.sheets()
        is_own = may_change(run, visitor)
        allowed = allowed_buttons(run, status, may_train=is_own and bool(self.settings.training), is_own=is_own)
        names = [path.name for path in sheets]
        pause = FAILED_PAUSE if status.state == "failed" else self._pacing.pause(session)
        shown = Seen(run.id, names, checksum, allowed, pause, seen.poll)
        ensure_worker(self.home)
        has_checkpoint = status.order.class_name in trained_classes(self.sampler)
        queue_place = place(run, self.home.runs)
        summary = summarise(run, status, run.last_progress(), queue_place, has_checkpoint=has_checkpoint)
        is_current = seen.is_sure and list(allowed) == seen.buttons
        is_polled = status.state in ("queued", "running", "failed")
        return [
            status_html(summary),
            *_sheet_and_curves(run, sheets, moment, seen),
            latest,
            *(gr.skip() if is_current else gr.Button(interactive=each) for each in allowed),
            asdict(shown),
            gr.skip() if is_polled and shown.pause == seen.pause else gr.Timer(shown.pause, active=is_polled),
        ]


def read_seen(sent: object) -> Seen:
    """What a page reports to show. Anything invalid counts as nothing, so that it's shown everything."""
    if not isinstance(sent, dict) or not sent.keys() <= {field.name for field in fields(Seen)}:
        return Seen()
    seen = Seen(**sent)
    is_valid = isinstance(seen.sheets, list) and isinstance(seen.pause, int | float) and isinstance(seen.poll, int)
    return seen if is_valid else Seen()


def allowed_buttons(run: Run, status: Status, *, may_train: bool, is_own: bool) -> tuple[bool, bool, bool, bool]:
    """Whether it makes sense to stop, to resume, to train longer and to discard a run."""
    has_ended = status.state in ("stopped", "failed", "done")
    return (
        is_own and run.is_active() and not run.should_stop(),
        may_train and (status.state in ("stopped", "failed") or run.is_paused()),
        may_train and status.state in ("stopped", "done") and run.snapshot_path.exists(),
        is_own and has_ended,
    )


def _sheet_and_curves(run: Run, sheets: list[Path], moment: int, seen: Seen) -> list[object]:
    """Sheet, slider and curves, if there is a new sheet: drawn again every second, the curves would flicker."""
    names = [path.name for path in sheets]
    if seen.is_sure and (run.id, names) == (seen.run_id, seen.sheets):
        return [gr.skip()] * 4
    progress = read_progress_once(run)
    last = max(0, len(sheets) - 1)
    is_visible, maximum = last > 0, max(1, last)
    plots = [loss_plot(progress), distance_plot(progress)]
    if run.id == seen.run_id and moment < len(seen.sheets) - 1:  # the visitor looks at an earlier sheet
        return [gr.skip(), gr.Slider(maximum=maximum, visible=is_visible), *plots]
    sheet = sheet_at(run, sheets, last, progress) if sheets else ""
    return [sheet, gr.Slider(value=last, maximum=maximum, visible=is_visible), *plots]
