"""To the Hub: checkpoints, the index and the card of a collection in one commit, whoever else pushes meanwhile."""

import hashlib
import logging
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from model.drawing.sampler import Sampler
from model.files.checkpoint import checkpoint_path, load_checkpoint
from model.files.weights import CheckpointError
from model.hub.client import (
    Commit,
    HfApi,
    HubError,
    check_repo,
    client,
    commit,
    download,
    ensure_repo,
    head,
    list_files,
    with_retry,
)
from model.hub.collection import Collection
from model.hub.index import INDEX_NAME, MAX_INDEX_BYTES, Entry, entry_of, read_index, write_index
from train.home import Home
from train.hub.cards import sheet_of
from train.hub.model_card import model_card
from train.runs.order import COMMAND_LINE
from train.runs.promotion import is_promoted
from train.runs.run import list_runs

CLASSES_PER_COMMIT = 48  # with a sheet each, the index and the card, fewer than the 100 files that the Hub advises
_WITHOUT_INDEX = (".gitattributes", "README.md", "LICENSE", "classes/", "sheets/")  # of a new repo, or a mended one
RACES = 8  # lost to others who push at the same time, before we give up

Tell = Callable[[str], None]
log = logging.getLogger(__name__)


@dataclass
class Pushed:
    """What came of a push. url: of the last commit, or of the pull request; empty where there was nothing to do."""

    classes: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    url: str = ""

    def sentence(self, repo: str, dry: bool = False) -> str:
        if not self.classes:
            return f"{repo} has all of it already; nothing was pushed."
        names = ", ".join(self.classes[:10]) + (" …" if len(self.classes) > 10 else "")
        same = f" {len(self.unchanged)} were there already." if self.unchanged else ""
        what = f"{len(self.classes)} checkpoint{'s' if len(self.classes) > 1 else ''} ({names})"
        return f"Would push {what} to {repo}.{same}" if dry else f"Pushed {what}: {self.url}.{same}"


def push(
    repo: str,
    paths: Sequence[Path],
    token: str | None = None,
    pr: bool = False,
    dry: bool = False,
    private: bool = False,
    tell: Tell = lambda sentence: None,
) -> Pushed:
    """Push checkpoints to a collection, up to 48 in a commit. What is there already, by its hash, is left alone.

    A commit holds the weights, the sheets, the index and the card, or it is not there at all. When somebody else was
    quicker, the index is read anew and the push repeated. A repo that does not exist is created, unless a pull request
    (`pr`) is asked for. dry: only say what would be pushed. Raises HubError and CheckpointError with a sentence.
    """
    api, repo = client(token), check_repo(repo)
    when = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    wanted = [(entry_of(path, when), path) for path in paths]
    if not dry and not pr:
        with_retry(lambda: ensure_repo(api, repo, private))
    result, revision = Pushed(), "main"
    for first in range(0, len(wanted), CLASSES_PER_COMMIT):
        batch = wanted[first : first + CLASSES_PER_COMMIT]
        create_pr = pr and revision == "main"
        news, made = _push_batch(api, repo, batch, revision, create_pr, dry, tell)
        result.classes += [entry.card.class_name for entry, _ in news]
        result.unchanged += [entry.card.class_name for entry, path in batch if (entry, path) not in news]
        if made:
            revision, result.url = made.revision, made.url if create_pr or not pr else result.url
            tell(f"{len(news)} of {len(wanted)} checkpoints: {made.url}")
    return result


def push_finished(home: Home) -> None:
    """Push what visitors have trained, as far as it was found good enough to draw with, to the host's collection.

    A run that was pushed, or needs not be, is marked in its folder; whatever fails is tried again the next time. Raises
    HubError.
    """
    collection, paths, done = Collection.from_environment(), {}, []
    if collection is None:
        raise HubError("DOODLES_PUBLISH is set, but DOODLES_HUB does not say where to; set it to owner/name.")
    for run in list_runs(home.runs):
        status, mark = run.status(), run.folder / "pushed"
        path = checkpoint_path(run.folder, status.order.class_name)
        if status.state != "done" or status.order.requested_by == COMMAND_LINE or not path.exists():
            continue
        written = path.stat().st_mtime_ns
        if mark.exists() and mark.stat().st_mtime_ns >= written:  # a run that went on has another file
            continue
        done.append((mark, written))
        try:
            load_checkpoint(path)
            if is_promoted(path, home):
                paths[path.name] = path
        except CheckpointError as error:
            log.warning("Run %s is not pushed: %s", run.id, error)
    if paths:
        log.info("%s", push(collection.repo, list(paths.values())).sentence(collection.repo))
    for mark, written in done:
        mark.touch()
        os.utime(mark, ns=(written, written))  # by now the run may have gone on


def _push_batch(
    api: HfApi, repo: str, batch: list[tuple[Entry, Path]], revision: str, create_pr: bool, dry: bool, tell: Tell
) -> tuple[list[tuple[Entry, Path]], Commit | None]:
    """Commit what the repo lacks of a batch, as a pull request if `create_pr`. Returns that, and the commit, if any."""
    for _ in range(RACES):
        parent, entries = _current(api, repo, revision, dry)
        news = [(entry, path) for entry, path in batch if not _is_there(entry, entries)]
        if not news or dry:
            return news, None
        files = _files(repo, entries, news)
        names = [entry.card.class_name for entry, _ in news]
        message = f"Add {', '.join(names[:5])}" + (f" and {len(names) - 5} more" if len(names) > 5 else "")
        try:
            return news, with_retry(partial(commit, api, repo, files, message, parent, revision, create_pr))
        except HubError as error:
            if error.status not in (409, 412):
                raise
            tell("Somebody else has pushed meanwhile; reading the index anew.")
    raise HubError(f"Others kept changing {repo} while this was pushed; try again when it is quieter.", 412)


def _current(api: HfApi, repo: str, revision: str, dry: bool) -> tuple[str, dict[str, Entry]]:
    """The last commit of a repo, and what its index lists, which is nothing before the first push."""
    try:
        parent = with_retry(lambda: head(api, repo, revision))
    except HubError as error:
        if dry and error.status == 404:
            return "", {}
        raise
    try:
        path, _ = with_retry(lambda: download(api, repo, INDEX_NAME, parent, MAX_INDEX_BYTES))
    except HubError as error:
        if error.status != 404:
            raise
        files = with_retry(lambda: list_files(api, repo, parent))
        if not all(name.startswith(_WITHOUT_INDEX) for name in files):
            sentence = f"{repo} has other files and is no collection of doodles; push to another repo, or to a new one."
            raise HubError(sentence) from error
        return parent, {}
    return parent, read_index(path.read_bytes())


def _is_there(entry: Entry, entries: Mapping[str, Entry]) -> bool:
    known = entries.get(entry.card.class_name)
    return known is not None and known.sha256 == entry.sha256


def _files(repo: str, entries: Mapping[str, Entry], news: Sequence[tuple[Entry, Path]]) -> dict[str, bytes]:
    """All that a commit holds: the new checkpoints with their sheets, and the index and card of old and new ones.

    Raises CheckpointError for a file that has changed since the index's entry for it was made.
    """
    files = {}
    for entry, path in news:
        files[entry.sheet] = sheet_of(Sampler([path.parent]), entry.card.class_name)
        files[entry.file] = path.read_bytes()
        if hashlib.sha256(files[entry.file]).hexdigest() != entry.sha256:
            raise CheckpointError(f"{path.name} was trained anew while it was pushed; push it again.")
    kept = {name: entry for name, entry in entries.items() if entry.file not in files}
    merged = kept | {entry.card.class_name: entry for entry, _ in news}
    return files | {INDEX_NAME: write_index(merged), "README.md": model_card(repo, merged)}
