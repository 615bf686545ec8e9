"""Training for programs: order a run, ask how it goes."""

import gradio as gr

from model.drawing.sampler import Sampler
from model.quickdraw.classes import find_class
from studio.shared.class_picker import trained_classes
from studio.shared.events import mistake
from studio.shared.visitors import visitor_id
from train.config import DOODLE
from train.execution.admission import request_training
from train.execution.worker import ensure_worker
from train.home import Home
from train.runs.messages import sentence_for
from train.runs.order import page_order
from train.runs.queue import place
from train.runs.run import BusyError, find_run
from train.runs.settings import Settings


def add_train_api(home: Home, sampler: Sampler) -> None:
    """The endpoints `train` and `run`, within the same limits as the page's."""
    settings = Settings.from_environment()

    def train(class_name: str, minutes: float = 3.0, request: gr.Request = None) -> str:
        """Train a generator of a class, or join the same training where it is under way.

        Parameters:
            class_name: what to learn to draw, such as "cat"
            minutes: how long, within what the host allows
        Returns:
            the run's id, to ask `run` about
        """
        try:
            visitor = visitor_id(home, settings, request, None)
            order = page_order((find_class(class_name),), DOODLE, minutes, home.source, visitor, settings.max_minutes)
            run_id = request_training(home, settings, order).id
        except BusyError as error:
            run_id = error.run_id
        except (ValueError, OSError) as error:
            raise mistake(ValueError(sentence_for(error))) from error
        ensure_worker(home)
        return run_id

    def run(run_id: str) -> dict:
        """How a run goes: its state (queued, running, stopped, failed or done) with a sentence, the distance to real
        drawings where that was measured, its position while it waits, and whether its class can be drawn.

        Parameters:
            run_id: what `train` returned
        Returns:
            class_name, state, sentence, fraction, step, seconds, distance, position and can_be_drawn
        """
        found = find_run(home.runs, run_id)
        if found is None:
            raise mistake(ValueError("There is no such run; it may have been discarded."))
        ensure_worker(home)
        status, last, waits = found.status(), found.last_progress(), place(found, home.runs)
        return {
            "class_name": status.order.class_name,
            "state": status.state,
            "sentence": status.sentence,
            "fraction": last.fraction if last else 0.0,
            "step": last.step if last else 0,
            "seconds": last.seconds if last else 0.0,
            "distance": last.distance if last else None,
            "position": waits.position if waits else None,
            "can_be_drawn": status.order.class_name in trained_classes(sampler),
        }

    gr.api(train, api_name="train", queue=False)
    gr.api(run, api_name="run", queue=False)
