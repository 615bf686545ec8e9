"""Share: a visitor who signed in with Hugging Face pushes a trained class to the Hub, or offers it there."""

import os
from html import escape
from importlib.util import find_spec
from typing import Literal, TypedDict

import gradio as gr

from model.files.checkpoint import checkpoint_path
from model.hub.collection import Collection
from studio.shared.events import mistake
from train.home import Home
from train.hub.messages import push_message
from train.hub.push import push
from train.runs.run import find_run

ABOUT = (
    "Sign in, then push what this run has learned to your own collection on the Hugging Face Hub. This app can only "
    "change repos that it created for you. Your sign-in is stored only in a cookie of your browser."
)
PUSHES_AT_ONCE = 2  # the others wait in the queue, because the Hub may ask to wait


def can_sign_in() -> bool:
    """Whether visitors can sign in: only on a Space with `hf_oauth`, which brings the packages that it needs."""
    return bool(os.environ.get("OAUTH_CLIENT_ID")) and all(map(find_spec, ("authlib", "itsdangerous")))


def share_panel(home: Home, run_id: gr.Textbox, collection: Collection | None) -> None:
    """Build the panel. run_id: of the run that the page shows. collection: the host's, to offer a class to."""

    def push_own(run: str, repo: str, profile: gr.OAuthProfile | None, token: gr.OAuthToken | None) -> str:
        repo = repo.strip() or (f"{profile.username}/doodles" if profile else "")
        return _push(home, run, repo, token, create_pr=False)

    with gr.Accordion("Share it on the Hub", open=False, elem_id="share"):
        gr.Markdown(ABOUT)
        gr.LoginButton(size="sm", elem_id="share-login")
        repo = gr.Textbox(
            label="Repo", placeholder="leave empty to use your repo “doodles”", max_length=200, elem_id="share-repo"
        )
        with gr.Row():
            own_button = gr.Button("Push to my collection", size="sm", elem_id="share-push")
            if collection:
                offer_button = gr.Button(f"Offer to {collection.repo}", size="sm", elem_id="share-offer")
        outcome = gr.HTML(elem_id="share-said")
    in_queue: _InQueue = {
        "concurrency_limit": PUSHES_AT_ONCE,
        "concurrency_id": "share",
        "api_visibility": "private",
    }
    own_button.click(push_own, [run_id, repo], outcome, **in_queue)
    if collection:
        collection_repo = collection.repo

        def offer(run: str, token: gr.OAuthToken | None) -> str:
            return _push(home, run, collection_repo, token, create_pr=True)

        offer_button.click(offer, run_id, outcome, **in_queue)


class _InQueue(TypedDict):
    concurrency_limit: int
    concurrency_id: str
    api_visibility: Literal["private"]


def _push(home: Home, run_id: str, repo: str, token: gr.OAuthToken | None, *, create_pr: bool) -> str:
    """Push a run's checkpoint with a visitor's token. Returns HTML with the outcome and its link. Raises gr.Error."""
    try:
        if token is None:
            raise ValueError("Sign in with Hugging Face first; the push is made in your name.")
        run = find_run(home.runs, run_id or "")
        if run is None:
            raise ValueError("There is no run here; train a class first, or pick one of the latest runs.")
        path = checkpoint_path(run.folder, run.status().order.class_name)
        if not path.exists():
            raise ValueError("This run has no checkpoint yet; wait until it is done.")
        pushed = push(repo, [path], token.token, create_pr=create_pr)
    except (ValueError, OSError) as error:
        raise mistake(error) from error
    if not pushed.url:
        return f"<p>{escape(push_message(pushed))}</p>"
    outcome = "Offered as a pull request" if create_pr else f"Pushed to {repo}"
    return f'<p>{escape(outcome)}: <a href="{escape(pushed.url)}" target="_blank" rel="noopener">view it</a>.</p>'
