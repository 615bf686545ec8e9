"""Publish the page without a server as a static Space, which any account may have, or update it there."""

from model.hub.client import TIMEOUT_SECONDS, HfApi, check_repo, client, is_private, with_retry
from model.hub.errors import HubError, hub_errors
from train.home import Home
from train.hub.progress import Report, no_report
from train.hub.space import Deployment, commit_all
from train.hub.space_plan import CurrentSpace, Source, plan_static
from train.site.site import SiteOptions, site_files

SITE_FILES = {"service_worker.js", "scripts/static/site.js"}  # a Space with these has our site, whichever version
_BEFORE_THE_SITE = (".gitattributes", "README.md", "index.html", "style.css")  # files of a new static Space
README = """\
---
title: Endless Doodles
emoji: ✏️
colorFrom: blue
colorTo: gray
sdk: static
app_file: index.html
license: apache-2.0
short_description: Drawings that nobody drew, made in your browser
thumbnail: https://huggingface.co/spaces/{repo}/resolve/main/icon.svg
tags: [gan, doodles, quickdraw, safetensors]
{models}---

# Endless Doodles

Small GANs draw doodles in your browser; there is no server. The generators learned from Google's Quick, Draw! Dataset
(CC BY 4.0), and are CC BY 4.0, too.
"""


def deploy_static(
    home: Home,
    repo: str,
    collection: str | None = None,
    *,
    private: bool = False,
    dry_run: bool = False,
    token: str | None = None,
    report: Report = no_report,
) -> Deployment:
    """Create a static Space or bring it up to date. Raises HubError, CheckpointError and ValueError.

    collection: owner/name[@revision] that the page reads as well. private: if the Space is created.
    """
    api, repo = client(token), check_repo(repo)
    current = _current(api, repo)
    source = None
    if collection:
        name = check_repo(collection.partition("@")[0])
        with hub_errors(name):
            api.model_info(name, timeout=TIMEOUT_SECONDS)
        if is_private(api, name):
            raise HubError(f"{name} is private, so visitors' browsers can't read it; make it public, or name another.")
        source = Source(collection, frozenset(), is_private=False)
    files = site_files(home, SiteOptions(hub=collection or ""))
    models = f"models: [{source.repo}]\n" if source else ""
    files["README.md"] = README.format(repo=repo, models=models).encode()
    plan = plan_static(current, files)
    if not dry_run and not plan.is_empty:
        if current is None:
            _create(api, repo, private=private)
        parent = current or _current(api, repo)
        if parent is None:
            raise HubError(f"The Hub created {repo} but doesn't show it yet; run the command again in a minute.")
        commit_all(api, repo, parent.commit, plan, report)
    return Deployment(f"{api.endpoint}/spaces/{repo}", plan, source, current is None, dry_run)


@with_retry
def _current(api: HfApi, repo: str) -> CurrentSpace | None:
    """The Space as it is, None if there is none. Raises HubError for one with something else in it."""
    try:
        with hub_errors(repo):
            info = api.space_info(repo, files_metadata=True, timeout=TIMEOUT_SECONDS)
    except HubError as error:
        if error.status in (401, 404):
            return None
        raise
    files = {file.rfilename: (file.lfs.sha256 if file.lfs else file.blob_id) or "" for file in info.siblings or []}
    if not files.keys() >= SITE_FILES and not all(name.startswith(_BEFORE_THE_SITE) for name in files):
        raise HubError(f"{repo} is a Space with another app in it; choose another name, or delete it first.")
    return CurrentSpace(info.sha or "", files, None, {})


@with_retry
def _create(api: HfApi, repo: str, *, private: bool) -> None:
    with hub_errors(repo):
        api.create_repo(repo, repo_type="space", space_sdk="static", private=private or None)
