"""What a visitor can do to a run from the Train tab: start, stop, go on, train longer, discard."""

import contextlib
import logging

import gradio as gr
from filelock import Timeout

from model.quickdraw.classes import find_class
from studio.shared.events import mistake
from studio.shared.visitors import visitor_id
from train.config import RECIPES
from train.execution.admission import may_change, request_again, request_training
from train.execution.worker import ensure_worker, push_in_background
from train.execution.zero_gpu import train_in_calls
from train.home import Home
from train.runs.cleanup import clean_up
from train.runs.messages import sentence_for
from train.runs.order import page_order
from train.runs.run import BusyError, Run, find_run
from train.runs.settings import Settings, is_zero_gpu

DIAL = {"Quick · 1 min": 1.0, "Good · 3 min": 3.0, "Best · 10 min": 10.0}

log = logging.getLogger(__name__)


class RunActions:
    """The handlers of the tab's buttons. Each says what is wrong in a gr.Error of one sentence."""

    def __init__(self, home: Home, settings: Settings):
        self.home, self.settings = home, settings

    def start(
        self,
        texts: list[str],
        dial: str,
        minutes: float | None,
        recipe: str,
        request: gr.Request,
        who: gr.OAuthProfile | None,
    ) -> tuple[str, object]:
        """The run to watch: a new one, or the same training where it is under way."""
        try:
            if not texts:
                raise ValueError("Pick at least one class to train.")
            class_names = tuple(dict.fromkeys(find_class(text) for text in texts))
            visitor = visitor_id(self.home, self.settings, request, who)
            asked, most = minutes or DIAL[dial], self.settings.max_minutes
            order = page_order(class_names, RECIPES[recipe], asked, self.home.source, visitor, most)
            run = request_training(self.home, self.settings, order)
        except BusyError as error:
            gr.Info(f"“{order.class_name}” is already in training; this page shows that run.")
            return error.run_id, gr.Timer(active=True)
        except (ValueError, OSError) as error:
            raise mistake(ValueError(sentence_for(error))) from error
        ensure_worker(self.home)
        return run.id, gr.Timer(active=True)

    def stop(self, run_id: str, request: gr.Request, who: gr.OAuthProfile | None) -> None:
        run, _ = self._own(run_id, request, who)
        try:
            if not run.is_active():
                raise ValueError("Nothing is in training here; start a run first.")
            run.ask_to_stop()
        except (ValueError, OSError) as error:
            raise mistake(ValueError(sentence_for(error))) from error
        ensure_worker(self.home)

    def resume(self, run_id: str, request: gr.Request, who: gr.OAuthProfile | None) -> object:
        return self._again(run_id, None, request, who)

    def train_longer(
        self, run_id: str, dial: str, minutes: float | None, request: gr.Request, who: gr.OAuthProfile | None
    ) -> object:
        """For as much more as the dial says."""
        return self._again(run_id, 60 * (minutes or DIAL[dial]), request, who)

    def discard(self, run_id: str, request: gr.Request, who: gr.OAuthProfile | None) -> str:
        run, _ = self._own(run_id, request, who)
        try:
            if run.is_active():
                raise ValueError("This run is under way; stop it first.")
            run.discard()
        except Timeout as error:
            raise mistake(ValueError("Somebody is working on this run just now; try again in a moment.")) from error
        except (ValueError, OSError) as error:
            raise mistake(ValueError(sentence_for(error))) from error
        return ""

    def work(self, run_id: str) -> None:
        """On ZeroGPU, advance a run while its visitor's page is open; elsewhere the worker does."""
        run = find_run(self.home.runs, run_id or "")
        if run is None or not is_zero_gpu():
            return
        try:
            for _ in train_in_calls(self.home, run):
                pass
        except Exception:
            # Whatever ended the call, its time limit or the quota, the snapshot is there to go on from.
            log.exception("A gpu_call of run %s ended early.", run.id)
            gr.Warning("The lent GPU's time is used up; press Resume to go on, now or when you have some again.")
        push_in_background(self.home)
        with contextlib.suppress(OSError):
            clean_up(self.home, self.settings)

    def _again(self, run_id: str, seconds: float | None, request: gr.Request, who: gr.OAuthProfile | None) -> object:
        run, visitor = self._own(run_id, request, who)
        try:
            request_again(self.home, self.settings, run, visitor, seconds)
        except (ValueError, OSError) as error:
            raise mistake(ValueError(sentence_for(error))) from error
        ensure_worker(self.home)
        return gr.Timer(active=True)

    def _own(self, run_id: str, request: gr.Request, who: gr.OAuthProfile | None) -> tuple[Run, str]:
        """A run that a visitor may change, and the visitor."""
        run, visitor = find_run(self.home.runs, run_id or ""), visitor_id(self.home, self.settings, request, who)
        if run is None:
            raise mistake(ValueError("There is no run here; start one first."))
        if not may_change(run, visitor):
            raise mistake(ValueError("Only who started a run can change it; start one of your own."))
        return run, visitor
