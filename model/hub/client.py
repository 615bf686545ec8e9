"""Requests to the Hugging Face Hub: its client and token, files and commits, repeated while the Hub is in trouble."""

import os
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import ParamSpec, TypeVar

from huggingface_hub import CommitOperationAdd, HfApi, ModelInfo, get_session, try_to_load_from_cache
from huggingface_hub.errors import EntryNotFoundError, LocalEntryNotFoundError

from model.hub.errors import HubError, hub_errors

TIMEOUT_SECONDS = 60.0  # without a byte from the Hub
MAX_WAIT_SECONDS = 300.0  # if the Hub asks for more, we give up
MAYBE_DONE = (408, 500, 502, 503, 504)  # answers after which a request may have been carried out all the same
PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds before each new try, if the Hub doesn't ask for another wait
_REPOSITORY = r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}"

P = ParamSpec("P")
T = TypeVar("T")


@dataclass(frozen=True)
class Commit:
    """A commit that was made. url: its page, or that of the pull request that it opened."""

    oid: str
    url: str
    revision: str


def check_repo(text: str) -> str:
    """The name of a repo as the Hub spells it, owner/name. Raises HubError."""
    name = text.strip() if isinstance(text, str) else ""
    if not re.fullmatch(_REPOSITORY, name) or ".." in name or "--" in name or name.endswith((".git", ".")):
        raise HubError(f"“{str(text)[:60]}” isn't the name of a Hub repo; write owner/name, such as you/doodles.")
    return name


def client(token: str | None = None) -> HfApi:
    """The Hub at HF_ENDPOINT, or the public one. token: default: HF_TOKEN, or the login of `hf auth login`, if any."""
    get_session().timeout = TIMEOUT_SECONDS
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, token=token, library_name="endless-doodles")


def with_retry(request: Callable[P, T]) -> Callable[P, T]:
    """Make a function that raises HubError try again on transient errors, after as long a wait as the Hub asks for.

    huggingface_hub retries downloads itself, but neither commits nor questions about a repo.
    """

    @wraps(request)
    def repeated(*args: P.args, **kwargs: P.kwargs) -> T:
        for pause in PAUSES:
            try:
                return request(*args, **kwargs)
            except HubError as error:
                if not error.is_transient or (error.wait_seconds or 0) > MAX_WAIT_SECONDS:
                    raise
                time.sleep(pause if error.wait_seconds is None else error.wait_seconds)
        return request(*args, **kwargs)

    return repeated


@with_retry
def head(api: HfApi, repo: str, revision: str = "main") -> str:
    """The hash of a model repo's last commit. Raises HubError, with status 404 if there is no such repo."""
    commit = _info(api, repo, revision).sha
    if commit is None:
        raise HubError(f"{repo} has no commit yet; add a file to it, or push to another repo.")
    return commit


@with_retry
def list_files(api: HfApi, repo: str, revision: str = "main") -> list[str]:
    """The paths of a model repo's files. Raises HubError."""
    return [file.rfilename for file in _info(api, repo, revision).siblings or []]


@with_retry
def is_private(api: HfApi, repo: str) -> bool:
    """Whether only its owner's tokens can read a model repo. Raises HubError."""
    return bool(_info(api, repo).private)


def ensure_repo(api: HfApi, repo: str, *, private: bool = False) -> None:
    """Create a model repo unless the token can see one of that name. Raises HubError."""
    try:
        head(api, repo)  # asked first, because the Hub limits how many repos an account may create in a while
    except HubError as error:
        if error.status not in (401, 404):
            raise
        _create(api, repo, private=private)


@with_retry
def commit_files(
    api: HfApi,
    repo: str,
    files: Mapping[str, bytes],
    message: str,
    parent: str,
    revision: str = "main",
    *,
    create_pr: bool = False,
) -> Commit:
    """Add or replace files in one commit. Raises HubError, with status 412 if `parent` isn't the last commit."""
    operations = [CommitOperationAdd(name, content) for name, content in files.items()]
    with hub_errors(repo):  # uploading the same files twice does no harm
        api.preupload_lfs_files(repo, operations, revision=revision, create_pr=create_pr)
    try:
        with hub_errors(repo):
            commit = api.create_commit(
                repo, operations, commit_message=message, parent_commit=parent, revision=revision, create_pr=create_pr
            )
    except HubError as error:
        if not create_pr or (error.status is not None and error.status not in MAYBE_DONE):
            raise
        # If the first request came through, a second one would open a second pull request.
        url = f"{api.endpoint}/{repo}/discussions"
        raise HubError(f"The Hub may have got the offer or not; look at {url} before you offer it again.") from error
    return Commit(commit.oid, commit.pr_url or commit.commit_url, commit.pr_revision or revision)


def download(
    api: HfApi,
    repo: str,
    name: str,
    revision: str,
    max_bytes: int,
    cache: Path | None = None,
    *,
    force: bool = False,
) -> tuple[Path, str]:
    """A file in the local cache, and the hash of the commit that it belongs to. Raises HubError.

    Costs one request if the file hasn't changed, and none if `revision` is a commit's hash and the file is cached.
    Without a connection, the file that this revision had last is returned, if it is cached. force: download it again.
    """
    with hub_errors(f"{name} of {repo}"):
        try:
            info = api.hf_hub_download(repo, name, revision=revision, cache_dir=cache, dry_run=True)
            if (info.file_size or 0) > max_bytes:
                raise HubError(f"{name} of {repo} is too large: {info.file_size:,} bytes; {max_bytes:,} are allowed.")
            path = Path(info.local_path)
            # A file that was fetched by its commit is in the cache, but not yet as the branch's newest.
            is_noted = cached(repo, name, revision, cache) == (path, info.commit_hash)
            if info.will_download or force or not is_noted:
                path = Path(api.hf_hub_download(repo, name, revision=revision, cache_dir=cache, force_download=force))
        except EntryNotFoundError as error:
            if isinstance(error, LocalEntryNotFoundError):
                raise
            raise HubError(f"There is no {name} in {repo} at “{revision[:60]}”.", 404) from error
    return path, _commit_of(path, name)


def cached(repo: str, name: str, revision: str, cache: Path | None = None) -> tuple[Path, str] | None:
    """What `download` returned last time, without a request; None if that is no longer in the cache."""
    path = try_to_load_from_cache(repo, name, cache_dir=cache, revision=revision)
    return (Path(path), _commit_of(Path(path), name)) if isinstance(path, str) else None


def _info(api: HfApi, repo: str, revision: str = "main") -> ModelInfo:
    with hub_errors(repo):
        return api.model_info(repo, revision=revision, timeout=TIMEOUT_SECONDS)


@with_retry
def _create(api: HfApi, repo: str, *, private: bool) -> None:
    with hub_errors(repo):
        api.create_repo(repo, private=private, exist_ok=True)


def _commit_of(path: Path, name: str) -> str:
    """The cache keeps the files of a commit in a folder named after its hash."""
    return path.parents[name.count("/")].name
