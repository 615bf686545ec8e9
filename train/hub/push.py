"""Push checkpoints to a collection on the Hub: weights, sheets, index and card in one commit."""

import hashlib
import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from model.drawing.sampler import Sampler
from model.files.weights import CheckpointError
from model.hub.client import (
    Commit,
    HfApi,
    check_repo,
    client,
    commit_files,
    download,
    ensure_repo,
    head,
    list_files,
    with_retry,
)
from model.hub.errors import HubError
from model.hub.index import INDEX_NAME, MAX_INDEX_BYTES, Entry, entry_of, read_index, write_index
from train.hub.cards import sheet_of
from train.hub.model_card import model_card
from train.hub.progress import Progress, Report, no_report

CLASSES_PER_COMMIT = 48  # with their sheets, the index and the card: fewer than the 100 files that the Hub advises
MAX_RACES = 8  # lost to others who push at the same time
_WITHOUT_INDEX = (".gitattributes", "README.md", "LICENSE", "classes/", "sheets/")  # files of a new repo

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Pushed:
    """What a push did, or would do if it is a dry run.

    classes: pushed. unchanged: the repo had the same file. url: of the last commit or of the pull request; empty if
    there was nothing to commit.
    """

    repo: str
    classes: tuple[str, ...]
    unchanged: tuple[str, ...]
    url: str = ""
    dry_run: bool = False


def push(
    repo: str,
    paths: Sequence[Path],
    token: str | None = None,
    *,
    create_pr: bool = False,
    dry_run: bool = False,
    private: bool = False,
    report: Report = no_report,
) -> Pushed:
    """Push checkpoints to a collection, up to 48 in a commit, except those whose hash the index already lists.

    A commit arrives as a whole or not at all. If someone else pushes at the same time, the index is read again and the
    push repeated. create_pr: open a pull request instead. private: if the repo is created, which only happens without
    create_pr. Raises HubError, and CheckpointError for a file that can't be used.
    """
    api, repo = client(token), check_repo(repo)
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    requested = [(entry_of(path, when), path) for path in paths]
    if dry_run:
        _, entries = _current(api, repo, "main", may_be_missing=True)
        _check_names(repo, requested, entries)
        return _pushed(repo, requested, _changed(requested, entries), dry_run=True)
    if not create_pr:
        ensure_repo(api, repo, private=private)
    changed: list[tuple[Entry, Path]] = []
    revision, url = "main", ""
    for first in range(0, len(requested), CLASSES_PER_COMMIT):
        batch = requested[first : first + CLASSES_PER_COMMIT]
        opens_pr = create_pr and revision == "main"  # later batches go to the pull request of the first
        committed, commit = _push_batch(api, repo, batch, revision, create_pr=opens_pr)
        changed += committed
        if commit:
            revision = commit.revision
            url = url if create_pr and url else commit.url
            report(Progress(first + len(batch), len(requested), commit.url))
    return _pushed(repo, requested, changed, url)


def _pushed(
    repo: str,
    requested: Sequence[tuple[Entry, Path]],
    changed: Sequence[tuple[Entry, Path]],
    url: str = "",
    *,
    dry_run: bool = False,
) -> Pushed:
    classes = tuple(entry.card.class_name for entry, _ in changed)
    unchanged = tuple(entry.card.class_name for entry, path in requested if (entry, path) not in changed)
    return Pushed(repo, classes, unchanged, url, dry_run)


def _push_batch(
    api: HfApi, repo: str, batch: Sequence[tuple[Entry, Path]], revision: str, *, create_pr: bool
) -> tuple[list[tuple[Entry, Path]], Commit | None]:
    """Commit the checkpoints of a batch that the repo lacks. Returns these, and the commit if there was one."""
    for _ in range(MAX_RACES):
        parent, entries = _current(api, repo, revision)
        changed = _changed(batch, entries)
        _check_names(repo, changed, entries)
        if not changed:
            return [], None
        files = _files(repo, entries, changed)
        names = [entry.card.class_name for entry, _ in changed]
        message = f"Add {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        try:
            return changed, commit_files(api, repo, files, message, parent, revision, create_pr=create_pr)
        except HubError as error:
            if error.status not in (409, 412):
                raise
            log.info("Someone else has just pushed to %s; reading its index again.", repo)
    raise HubError(f"Others kept changing {repo} during this push; try again when it is quieter.", 412)


def _current(api: HfApi, repo: str, revision: str, *, may_be_missing: bool = False) -> tuple[str, Mapping[str, Entry]]:
    """The last commit of a repo and the entries of its index, which are none before the first push. Raises HubError."""
    try:
        parent = head(api, repo, revision)
    except HubError as error:
        if may_be_missing and error.status == 404:
            return "", {}
        raise
    try:
        path, _ = with_retry(download)(api, repo, INDEX_NAME, parent, MAX_INDEX_BYTES)
    except HubError as error:
        if error.status != 404:
            raise
        if not all(name.startswith(_WITHOUT_INDEX) for name in list_files(api, repo, parent)):
            message = f"{repo} holds other files and isn't a collection of doodles; push to another repo or a new one."
            raise HubError(message) from error
        return parent, {}
    return parent, read_index(path.read_bytes())


def _changed(batch: Sequence[tuple[Entry, Path]], entries: Mapping[str, Entry]) -> list[tuple[Entry, Path]]:
    """The checkpoints of a batch that an index doesn't list with the same hash."""
    hashes = {name: entry.sha256 for name, entry in entries.items()}
    return [(entry, path) for entry, path in batch if hashes.get(entry.card.class_name) != entry.sha256]


def _check_names(repo: str, changed: Sequence[tuple[Entry, Path]], entries: Mapping[str, Entry]) -> None:
    """Raises HubError if a checkpoint would take the place of one in the repo that draws something else."""
    by_file = {entry.file: entry.card for entry in entries.values()}
    for entry, _ in changed:
        new, old = entry.card, by_file.get(entry.file, entry.card)
        if not old.is_version_of(new.class_name, new.trained_on):
            learned = [" and ".join(f"“{name}”" for name in sorted(card.trained_on)) for card in (new, old)]
            raise HubError(
                f"“{new.class_name}” learned from {learned[0]} and would replace “{old.class_name}” of {repo}, which "
                f"learned from {learned[1]}; train it with another --name."
            )


def _files(repo: str, entries: Mapping[str, Entry], changed: Sequence[tuple[Entry, Path]]) -> dict[str, bytes]:
    """The content of a commit: the changed checkpoints with their sheets, and the index and card of all.

    Raises CheckpointError for a file that has changed since its entry was made.
    """
    files = {}
    for entry, path in changed:
        files[entry.sheet] = sheet_of(Sampler([path.parent]), entry.card.class_name)
        files[entry.file] = path.read_bytes()
        if hashlib.sha256(files[entry.file]).hexdigest() != entry.sha256:
            raise CheckpointError(f"{path.name} changed during the push; push it again.")
    others = {name: entry for name, entry in entries.items() if entry.file not in files}
    merged = others | {entry.card.class_name: entry for entry, _ in changed}
    return files | {INDEX_NAME: write_index(merged), "README.md": model_card(repo, merged)}
