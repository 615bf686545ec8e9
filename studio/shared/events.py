"""How the page's events run: at once, without flicker, and with every error shown."""

from collections.abc import Callable
from html import escape
from typing import Literal, TypedDict

import gradio as gr
from gradio.events import Dependency

Trigger = Callable[..., Dependency]  # a component's event, such as `button.click`


class _Quiet(TypedDict):
    show_progress: Literal["hidden"]
    api_visibility: Literal["private"]


QUIET: _Quiet = {"show_progress": "hidden", "api_visibility": "private"}  # for the page's own events


def sentence(error: Exception) -> str:
    """The error's message, safe to send: JSON can bring half of a surrogate pair, which UTF-8 can't encode."""
    return str(error).encode("utf-8", "replace").decode()


def mistake(error: Exception | str) -> gr.Error:
    """A visitor's mistake as a message that goes away by itself. It's escaped because it may quote the visitor."""
    message = error if isinstance(error, str) else sentence(error)
    return gr.Error(escape(message, quote=False), duration=8, title="That didn't work", print_exception=False)


def event_value(event: gr.EventData, name: str) -> object:
    """What a component's own event, `trigger("event", { name: value })` in its script, sent as `name`, or None."""
    return event._data.get(name) if isinstance(event._data, dict) else None


def live(trigger: Trigger, fn: Callable, inputs: object, outputs: object, **options: object) -> Dependency:
    """Run `fn` at `trigger` outside the queue: a single request, and no flicker.

    Gradio 6.31 shows the errors of queued events only, so a call that failed is repeated through the queue.
    """
    dependency = trigger(fn, inputs, outputs, queue=False, **QUIET, **options)
    dependency.failure(fn, inputs, outputs, **QUIET)
    return dependency


def in_browser(trigger: Trigger, js: str, inputs: object, outputs: object = None) -> Dependency:
    """Run JavaScript at `trigger`, without a request."""
    return trigger(None, inputs, outputs, js=js, queue=False, api_visibility="private")
