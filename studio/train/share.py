"""Share: a visitor who has signed in with Hugging Face pushes a trained class to the Hub, or offers it there."""

import os
from html import escape
from importlib.util import find_spec

import gradio as gr

from model.files.checkpoint import checkpoint_path
from model.hub.collection import Collection
from studio.shared.events import mistake
from train.home import Home
from train.hub.messages import push_message
from train.hub.push import push
from train.runs.run import find_run

ABOUT = (
    "Sign in, then push what this run has learned to a collection of your own on the Hugging Face Hub. This app may "
    "touch only repos that it created for you, and your sign-in is kept in a cookie of your browser alone."
)


def can_sign_in() -> bool:
    """Whether this is a Space with `hf_oauth`, which comes with what that needs; nowhere else can a visitor sign in."""
    return bool(os.environ.get("OAUTH_CLIENT_ID")) and all(map(find_spec, ("authlib", "itsdangerous")))


def share_panel(home: Home, run_id: gr.Textbox, collection: Collection | None) -> None:
    """Builds the panel. run_id: holds the run that is watched. collection: the host's, to offer a class to."""

    def push_own(run: str, repo: str, who: gr.OAuthProfile | None, token: gr.OAuthToken | None) -> str:
        repo = repo.strip() or (f"{who.username}/doodles" if who else "")
        return _push(home, run, repo, token, False)

    def offer(run: str, token: gr.OAuthToken | None) -> str:
        return _push(home, run, collection.repo, token, True)

    with gr.Accordion("Share it on the Hub", open=False, elem_id="share"):
        gr.Markdown(ABOUT)
        gr.LoginButton(size="sm", elem_id="share-login")
        repo = gr.Textbox(
            label="Repo", placeholder="yours, by the name of doodles", max_length=200, elem_id="share-repo"
        )
        with gr.Row():
            own = gr.Button("Push to my collection", size="sm", elem_id="share-push")
            if collection:
                offered = gr.Button(f"Offer to {collection.repo}", size="sm", elem_id="share-offer")
        said = gr.HTML(elem_id="share-said")
    # Queued, a few at a time: the Hub may ask to wait.
    told = {"concurrency_limit": 2, "concurrency_id": "share", "api_visibility": "private"}
    own.click(push_own, [run_id, repo], said, **told)
    if collection:
        offered.click(offer, run_id, said, **told)


def _push(home: Home, run_id: str, repo: str, token: gr.OAuthToken | None, pr: bool) -> str:
    """Push a run's checkpoint with a visitor's token. Returns what came of it, with a link; raises gr.Error."""
    try:
        if token is None:
            raise ValueError("Sign in with Hugging Face first; the push is made in your name.")
        run = find_run(home.runs, run_id or "")
        if run is None:
            raise ValueError("There is no run here; train a class first, or pick one of the latest runs.")
        path = checkpoint_path(run.folder, run.status().order.class_name)
        if not path.exists():
            raise ValueError("This run has no checkpoint yet; wait until it is done.")
        made = push(repo, [path], token.token, create_pr=pr)
    except (ValueError, OSError) as error:
        raise mistake(error) from error
    if not made.url:
        return f"<p>{escape(push_message(made))}</p>"
    what = "Offered as a pull request" if pr else f"Pushed to {repo}"
    return f'<p>{escape(what)}: <a href="{escape(made.url)}" target="_blank" rel="noopener">look at it</a>.</p>'
