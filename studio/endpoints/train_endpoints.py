"""The endpoints that train: start a run, ask about its progress."""

import gradio as gr

from model.drawing.sampler import Sampler
from model.quickdraw.classes import find_classes
from studio.shared.class_picker import trained_classes
from studio.shared.events import mistake
from studio.shared.visitors import address_id, visitor_id
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
    """Register the endpoints train and run. The page's limits apply."""
    settings = Settings.from_environment()

    def train(class_name: str, request: gr.Request, minutes: float = 3.0) -> str:
        """Train a generator for a class, or join that training if it's already running.

        Parameters:
            class_name: what to learn to draw, such as "cat", or a mixture, "cat+dog"
            minutes: how long to train; the host sets the limit
        Returns:
            the run's id, for the endpoint run
        """
        try:
            visitor = visitor_id(home, settings, request, None)
            order = page_order(find_classes(class_name), DOODLE, minutes, home.source, visitor, settings.max_minutes)
            run_id = request_training(home, settings, order, address_id(home, settings, request)).id
        except BusyError as error:
            run_id = error.run_id
        except (ValueError, OSError) as error:
            raise mistake(sentence_for(error)) from error
        ensure_worker(home)
        return run_id

    def run(run_id: str) -> dict:
        """Report a run's progress: its state (queued, running, stopped, failed or done) with a sentence, its distance
        to real drawings if that was measured, its position in the queue, and whether its class can be drawn.

        Parameters:
            run_id: the id that train returned
        Returns:
            class_name, state, sentence, fraction, step, seconds, distance, position and can_be_drawn
        """
        found = find_run(home.runs, run_id)
        if found is None:
            raise mistake("There is no such run; it may have been discarded.")
        ensure_worker(home)
        status, progress, queue_place = found.status(), found.last_progress(), place(found, home.runs)
        return {
            "class_name": status.order.class_name,
            "state": status.state,
            "sentence": status.sentence,
            "fraction": progress.fraction if progress else 0.0,
            "step": progress.step if progress else 0,
            "seconds": progress.seconds if progress else 0.0,
            "distance": progress.distance if progress else None,
            "position": queue_place.position if queue_place else None,
            "can_be_drawn": status.order.class_name in trained_classes(sampler),
        }

    gr.api(train, api_name="train", queue=False)
    gr.api(run, api_name="run", queue=False)
