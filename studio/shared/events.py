"""How the page's events run: at once, quietly, and with every mistake shown."""

from collections.abc import Callable
from html import escape

import gradio as gr
from gradio.events import Dependency

QUIET = {"show_progress": "hidden", "api_visibility": "private"}  # of the page's own events


def sentence(error: Exception) -> str:
    """What was wrong, to be sent back; half of a surrogate pair, which JSON can hold, can't be sent."""
    return str(error).encode("utf-8", "replace").decode()


def mistake(error: Exception) -> gr.Error:
    """What a visitor did wrong, as a message that goes away; the sentence may hold what the visitor typed."""
    return gr.Error(escape(sentence(error), quote=False), duration=8, title="That didn't work", print_exception=False)


def live(
    trigger: Callable[..., Dependency], fn: Callable, inputs: object, outputs: object, **options: object
) -> Dependency:
    """Run `fn` at `trigger` outside the queue: a single request, and no flicker.

    Gradio 6.31 shows the errors of queued events only, so a call that failed is repeated through the queue.
    """
    done = trigger(fn, inputs, outputs, queue=False, **QUIET, **options)
    done.failure(fn, inputs, outputs, **QUIET)
    return done


def in_browser(trigger: Callable[..., Dependency], js: str, inputs: object, outputs: object = None) -> Dependency:
    """Run JavaScript at `trigger`, without a request."""
    return trigger(None, inputs, outputs, js=js, queue=False, api_visibility="private")
