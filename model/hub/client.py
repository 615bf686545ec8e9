"""The door to the Hugging Face Hub: its client, its files, its commits, and its errors as sentences."""

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from huggingface_hub import CommitOperationAdd, HfApi, get_session, try_to_load_from_cache
from huggingface_hub.errors import (
    EntryNotFoundError,
    HfHubHTTPError,
    HTTPError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
)

ANSWER_SECONDS = 60.0  # that the Hub may be silent
LONGEST_WAIT = 300.0  # seconds that we wait when told to; whoever is told more hears it in a sentence
PAUSES = (1.0, 2.0, 4.0, 8.0)  # seconds before another try when the Hub has trouble
_BUSY = (408, 429, 500, 502, 503, 504)
_REPOSITORY = r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}"
_RESET = re.compile(r";\s*t\s*=\s*(\d+)")

T = TypeVar("T")


class HubError(ValueError):
    """What went wrong with the Hub. status: of its answer, None if there was none. wait: seconds that it asks for."""

    def __init__(self, sentence: str, status: int | None = None, wait: float | None = None, is_transient: bool = False):
        super().__init__(sentence)
        self.status, self.wait, self.is_transient = status, wait, is_transient


@dataclass(frozen=True)
class Commit:
    """One commit of a repo. oid: its hash. url: where to look at it, or at the pull request that it opened."""

    oid: str
    url: str
    revision: str


def check_repo(text: str) -> str:
    """The name of a repo as the Hub spells it, owner/name. Raises HubError."""
    name = text.strip() if isinstance(text, str) else ""
    if not re.fullmatch(_REPOSITORY, name) or ".." in name or "--" in name or name.endswith((".git", ".")):
        raise HubError(f"“{str(text)[:60]}” names no repo on the Hub; give it as owner/name, such as you/doodles.")
    return name


def client(token: str | None = None) -> HfApi:
    """The Hub at HF_ENDPOINT, or the public one. token: default: that of HF_TOKEN or of `hf auth login`, if any."""
    get_session().timeout = ANSWER_SECONDS
    return HfApi(endpoint=os.environ.get("HF_ENDPOINT") or None, token=token, library_name="endless-doodles")


@contextlib.contextmanager
def hub_errors(what: str) -> Iterator[None]:
    """Turn what the Hub, or the way to it, does wrong into a HubError of one sentence. what: a repo's name, to say."""
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise _offline(what) from error
    except LocalTokenNotFoundError as error:
        raise HubError("There is no token for the Hub; run `hf auth login`, or set HF_TOKEN.", 401) from error
    except HfHubHTTPError as error:
        raise _from_answer(what, error) from error
    except LocalEntryNotFoundError as error:
        cause = error.__cause__
        if isinstance(cause, HfHubHTTPError):
            raise _from_answer(what, cause) from error
        if isinstance(cause, OfflineModeIsEnabled):
            raise _offline(what) from error
        sentence = f"The Hub can't be reached and {what} is not in the cache; check the connection, then try again."
        raise HubError(sentence, is_transient=True) from error
    except (HTTPError, OSError) as error:
        sentence = f"The connection to the Hub broke off at {what} ({type(error).__name__}); try again."
        raise HubError(sentence, is_transient=True) from error


def with_retry(work: Callable[[], T]) -> T:
    """Do some work with the Hub, again while the Hub has trouble; waits as long as the Hub asks. Raises HubError."""
    for pause in PAUSES:
        try:
            return work()
        except HubError as error:
            if not error.is_transient or (error.wait or 0) > LONGEST_WAIT:
                raise
            time.sleep(pause if error.wait is None else error.wait)
    return work()


def head(api: HfApi, repo: str, revision: str = "main") -> str:
    """The hash of a repo's last commit. Raises HubError, with the status 404 where there is no such repo."""
    with hub_errors(repo):
        return api.repo_info(repo, revision=revision, timeout=ANSWER_SECONDS).sha


def list_files(api: HfApi, repo: str, revision: str = "main") -> list[str]:
    """The paths of a repo's files. Raises HubError."""
    with hub_errors(repo):
        return [
            each.rfilename for each in api.repo_info(repo, revision=revision, timeout=ANSWER_SECONDS).siblings or []
        ]


def ensure_repo(api: HfApi, repo: str, private: bool = False) -> None:
    """Create a repo for models unless there is one of that name that the token can see. Raises HubError."""
    try:
        head(api, repo)
    except HubError as error:
        if error.status not in (401, 404):
            raise
        with hub_errors(repo):
            api.create_repo(repo, private=private, exist_ok=True)


def commit(
    api: HfApi,
    repo: str,
    files: Mapping[str, bytes],
    message: str,
    parent: str,
    revision: str = "main",
    pr: bool = False,
) -> Commit:
    """Add or replace files in one commit. Raises HubError, with the status 412 where `parent` is not the last one."""
    operations = [CommitOperationAdd(name, content) for name, content in files.items()]
    with hub_errors(repo):
        api.preupload_lfs_files(repo, operations, revision=revision, create_pr=pr)  # may be repeated at will
    try:
        with hub_errors(repo):
            made = api.create_commit(
                repo, operations, commit_message=message, parent_commit=parent, revision=revision, create_pr=pr
            )
    except HubError as error:
        if not pr or error.status is not None:
            raise
        # A second try would be a second pull request if the first has come in.
        where = f"{api.endpoint}/{repo}/discussions"
        raise HubError(f"The connection to the Hub broke off; look at {where} before you offer it again.") from error
    return Commit(made.oid, made.pr_url or made.commit_url, made.pr_revision or revision)


def download(
    api: HfApi, repo: str, name: str, revision: str, max_bytes: int, cache: Path | None = None, anew: bool = False
) -> tuple[Path, str]:
    """A file of a repo in the local cache, and the hash of the commit that it is of. Raises HubError.

    One request where the file has not changed, none for a cached file of a commit's hash; without a way to the Hub
    what is cached. anew: fetch it though it is cached.
    """
    with hub_errors(f"{name} of {repo}"):
        try:
            found = api.hf_hub_download(repo, name, revision=revision, cache_dir=cache, dry_run=True)
            if found.file_size > max_bytes:
                raise HubError(
                    f"{name} of {repo} has {found.file_size} bytes; {max_bytes} are allowed, so it is not fetched."
                )
            path = Path(found.local_path)
            if found.will_download or anew or not path.exists():
                path = Path(api.hf_hub_download(repo, name, revision=revision, cache_dir=cache, force_download=anew))
        except EntryNotFoundError as error:
            if isinstance(error, LocalEntryNotFoundError):
                raise
            raise HubError(f"There is no {name} in {repo} at “{revision[:60]}”.", 404) from error
    return path, path.parents[name.count("/")].name


def cached(repo: str, name: str, revision: str, cache: Path | None = None) -> tuple[Path, str] | None:
    """As `download`, without asking the Hub: what it said the last time, if that is still there."""
    path = try_to_load_from_cache(repo, name, cache_dir=cache, revision=revision)
    return (Path(path), Path(path).parents[name.count("/")].name) if isinstance(path, str) else None


def _offline(what: str) -> HubError:
    return HubError(f"HF_HUB_OFFLINE is set, so the Hub is not asked for {what}; unset it to go on.")


def _from_answer(what: str, error: HfHubHTTPError) -> HubError:
    status, headers = error.response.status_code, error.response.headers
    if status == 401:
        return HubError(
            f"The Hub does not know this token, or {what} needs one; log in anew with `hf auth login`.", 401
        )
    if status == 403:
        sentence = f"This token may not write to {what}; make one that may at https://huggingface.co/settings/tokens."
        return HubError(sentence, 403)
    if status == 404:
        return HubError(f"There is no {what} on the Hub, or this token can't see it; check its name.", 404)
    if status in (409, 412):
        return HubError(f"Somebody else has just changed {what}; try again.", status)
    if status == 429:
        wait = _seconds_to_wait(headers)
        told = f"try again in {wait:.0f} seconds" if wait else "try again in a while"
        return HubError(f"The Hub has had too many requests from here; {told}.", 429, wait, is_transient=True)
    if status in _BUSY:
        return HubError(f"The Hub has trouble of its own ({status}); try again in a while.", status, is_transient=True)
    said = (error.server_message or "").strip().partition("\n")[0][:160]
    return HubError(f"The Hub refuses {what} ({status}{': ' + said if said else ''}).", status)


def _seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """As Retry-After says, or the field of the IETF's draft on RateLimit headers that the Hub sends."""
    told = headers.get("retry-after", "")
    reset = _RESET.search(headers.get("ratelimit", ""))
    if told.strip().isdigit():
        return float(told)
    return float(reset.group(1)) + 1 if reset else None
