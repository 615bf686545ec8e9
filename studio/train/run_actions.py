"""What a visitor can do on the Train tab: start a run, stop, resume, train longer, discard."""

import contextlib
import logging

import gradio as gr
from filelock import Timeout

from model.quickdraw.classes import find_classes
from studio.shared.events import mistake
from studio.shared.visitors import address_id, visitor_id
from studio.train.messages import (
    BUSY,
    GPU_CALL_ENDED,
    NO_CLASS,
    NO_RUN,
    NOT_TRAINING,
    NOT_YOURS,
    STILL_ACTIVE,
    already_training,
)
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

DURATIONS = {"Quick · 1 min": 1.0, "Good · 3 min": 3.0, "Best · 10 min": 10.0}

log = logging.getLogger(__name__)


class RunActions:
    """The handlers of the tab's buttons. Each raises gr.Error with one sentence if it can't do what it should."""

    def __init__(self, home: Home, settings: Settings):
        self.home, self.settings = home, settings

    def start(
        self,
        names: list[str],
        choice: str,
        minutes: float | None,
        recipe: str,
        request: gr.Request,
        profile: gr.OAuthProfile | None,
    ) -> tuple[str, object]:
        """Start a run, or join the same run if it's already active. Returns the run to watch."""
        try:
            if not names:
                raise ValueError(NO_CLASS)
            class_names = find_classes("+".join(map(str, names)))
            visitor = visitor_id(self.home, self.settings, request, profile)
            duration, limit = minutes or DURATIONS[choice], self.settings.max_minutes
            order = page_order(class_names, RECIPES[recipe], duration, self.home.source, visitor, limit)
            run = request_training(self.home, self.settings, order, address_id(self.home, self.settings, request))
        except BusyError as error:
            gr.Info(already_training(order.class_name))
            return error.run_id, gr.Timer(active=True)
        except (ValueError, OSError) as error:
            raise mistake(sentence_for(error)) from error
        ensure_worker(self.home)
        return run.id, gr.Timer(active=True)

    def stop(self, run_id: str, request: gr.Request, profile: gr.OAuthProfile | None) -> None:
        run, _ = self._own_run(run_id, request, profile)
        try:
            if not run.is_active():
                raise ValueError(NOT_TRAINING)
            run.ask_to_stop()
        except (ValueError, OSError) as error:
            raise mistake(sentence_for(error)) from error
        ensure_worker(self.home)

    def resume(self, run_id: str, request: gr.Request, profile: gr.OAuthProfile | None) -> object:
        return self._continue(run_id, None, request, profile)

    def train_longer(
        self, run_id: str, choice: str, minutes: float | None, request: gr.Request, profile: gr.OAuthProfile | None
    ) -> object:
        """Continue an ended run for as many more minutes as the visitor chose."""
        return self._continue(run_id, 60 * (minutes or DURATIONS[choice]), request, profile)

    def discard(self, run_id: str, request: gr.Request, profile: gr.OAuthProfile | None) -> str:
        run, _ = self._own_run(run_id, request, profile)
        try:
            if run.is_active():
                raise ValueError(STILL_ACTIVE)
            run.discard()
        except Timeout as error:
            raise mistake(BUSY) from error
        except (ValueError, OSError) as error:
            raise mistake(sentence_for(error)) from error
        return ""

    def work(self, run_id: str) -> None:
        """On ZeroGPU, advance a run while its visitor's page is open. Elsewhere the worker does that."""
        run = find_run(self.home.runs, run_id or "")
        if run is None or not is_zero_gpu():
            return
        try:
            for _ in train_in_calls(self.home, run):
                pass
        except Exception:
            # Whether the time limit or the quota ended the call, the run can continue from its snapshot.
            log.exception("A GPU call of run %s ended early.", run.id)
            gr.Warning(GPU_CALL_ENDED)
        push_in_background(self.home)
        with contextlib.suppress(OSError):
            clean_up(self.home, self.settings)

    def _continue(
        self, run_id: str, seconds: float | None, request: gr.Request, profile: gr.OAuthProfile | None
    ) -> object:
        run, visitor = self._own_run(run_id, request, profile)
        try:
            address = address_id(self.home, self.settings, request)
            request_again(self.home, self.settings, run, visitor, seconds, address)
        except (ValueError, OSError) as error:
            raise mistake(sentence_for(error)) from error
        ensure_worker(self.home)
        return gr.Timer(active=True)

    def _own_run(self, run_id: str, request: gr.Request, profile: gr.OAuthProfile | None) -> tuple[Run, str]:
        """The run, if the visitor may change it, and the visitor's id."""
        run, visitor = find_run(self.home.runs, run_id or ""), visitor_id(self.home, self.settings, request, profile)
        if run is None:
            raise mistake(NO_RUN)
        if not may_change(run, visitor):
            raise mistake(NOT_YOURS)
        return run, visitor
