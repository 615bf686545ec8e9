"""Out as a Space: the app with its checkpoints and settings, created or brought up to date by the Hub's API."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import PurePosixPath

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, SpaceHardware

from model.hub.client import ANSWER_SECONDS, HfApi, HubError, check_repo, client, download, hub_errors, with_retry
from model.hub.index import INDEX_NAME, MAX_INDEX_BYTES, read_index
from train.home import Home
from train.hub.space_files import ROOMS, ZERO_GPU, space_files

WEIGHTS_PER_COMMIT = 90  # the Hub advises fewer than 100 files
HARDWARE = [str(flavor.value) for flavor in SpaceHardware]
_OURS = "studio/page.py"
_BEFORE_THE_APP = (".gitattributes", "README.md", "checkpoints/")  # of the Hub, or of a first try that broke off

Tell = Callable[[str], None]


@dataclass(frozen=True)
class CurrentSpace:
    """A Space as it is. files: paths to hashes, Git's or, of a large file, its SHA-256. hardware: asked for last."""

    commit: str
    files: Mapping[str, str]
    hardware: str | None


def deploy(
    home: Home,
    repo: str,
    hardware: str | None = None,
    collection: str | None = None,
    private: bool = False,
    dry: bool = False,
    token: str | None = None,
    tell: Tell = lambda sentence: None,
) -> str:
    """Create a Space, or bring it up to date; says in a sentence what was done. Raises HubError.

    hardware: default: as the Space has it; a new one gets ZeroGPU, for a free account may host nothing else.
    collection: owner/name[@revision], where the app takes classes from; default: as the Space has it. dry: only say.
    """
    api, repo = client(token), check_repo(repo)
    current = with_retry(lambda: _current(api, repo))
    settings = with_retry(lambda: _settings(api, repo)) if current else {}
    hardware = hardware or (current.hardware if current else None) or ZERO_GPU
    collection = collection or settings.get("DOODLES_HUB", "")
    source = check_repo(collection.partition("@")[0]) if collection else ""
    listed = with_retry(lambda: _listed(api, source, collection.partition("@")[2])) if source else set()
    if source:
        tell(f"Classes that {source} has are left to it: {len(listed)}.")
        if with_retry(lambda: _is_private(api, source)):
            tell(f"{source} is private: give the Space a secret HF_TOKEN that may read it.")
    files = space_files(home, repo, hardware, source, listed)

    # What differs.
    there = current.files if current else {}
    changed = {name: content for name, content in files.items() if there.get(name) not in _hashes(content)}
    gone = [name for name in there if name not in files and _is_ours(name, listed)]
    missing = {"DOODLES_PROXY": "1"} if "DOODLES_PROXY" not in settings else {}
    if collection and settings.get("DOODLES_HUB") != collection:
        missing["DOODLES_HUB"] = collection
    moves = current is not None and current.hardware not in (None, hardware)
    url = f"{api.endpoint}/spaces/{repo}"
    if current and not (changed or gone or missing or moves):
        return f"{url} has all of it already; nothing was changed."
    what = _sentence(changed, gone, missing, hardware if moves or not current else "")
    if dry:
        return f"Would {'update' if current else 'create'} {url}: {what}."

    # Settings come before the files that count on them, the hardware after those that suit it.
    if current is None:
        with_retry(lambda: _create(api, repo, hardware, missing, private))
        current = with_retry(lambda: _current(api, repo))
        if current is None:
            raise HubError(f"The Hub has made {repo} but does not show it yet; say the same again in a minute.")
    else:
        for key, value in missing.items():
            with_retry(partial(_set, api, repo, key, value))
    _commit_all(api, repo, current.commit, changed, gone, tell)
    if moves:
        with_retry(lambda: _move(api, repo, hardware))
    return f"{url} builds now, with {what}."


def _current(api: HfApi, repo: str) -> CurrentSpace | None:
    """The Space as it is, None where there is none. Raises HubError for one that is another app."""
    try:
        with hub_errors(repo):
            info = api.space_info(repo, files_metadata=True, timeout=ANSWER_SECONDS)
    except HubError as error:
        if error.status in (401, 404):
            return None
        raise
    files = {each.rfilename: each.lfs.sha256 if each.lfs else each.blob_id for each in info.siblings or []}
    if _OURS not in files and not all(name.startswith(_BEFORE_THE_APP) for name in files):
        raise HubError(f"{repo} is a Space with another app in it; choose another name, or delete it first.")
    runtime = info.runtime
    return CurrentSpace(info.sha, files, (runtime.requested_hardware or runtime.hardware) if runtime else None)


def _settings(api: HfApi, repo: str) -> dict[str, str]:
    with hub_errors(repo):
        return {key: variable.value for key, variable in api.get_space_variables(repo).items()}


def _listed(api: HfApi, source: str, revision: str) -> set[str]:
    """The names of the checkpoints' files that a collection has. Raises HubError and CheckpointError."""
    try:
        path, _ = download(api, source, INDEX_NAME, revision or "main", MAX_INDEX_BYTES)
    except HubError as error:
        if error.status not in (401, 404):
            raise
        raise HubError(
            f"There is no collection {source} that you can see; push a class first: "
            f"python -m train push cat --repo {source}, or leave --model-repo out.",
            error.status,
        ) from error
    return {PurePosixPath(entry.file).name for entry in read_index(path.read_bytes()).values()}


def _is_private(api: HfApi, source: str) -> bool:
    with hub_errors(source):
        return bool(api.model_info(source, timeout=ANSWER_SECONDS).private)


def _hashes(content: bytes) -> set[str]:
    """Either of which the Hub names a file by."""
    return {
        hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest(),
        hashlib.sha256(content).hexdigest(),
    }


def _is_ours(name: str, listed: set[str]) -> bool:
    """Whether a file that no longer belongs there is ours to remove, and none that somebody has put beside it."""
    room, _, rest = name.partition("/")
    return room in ROOMS or (room == "checkpoints" and rest in listed)


def _sentence(changed: Mapping[str, bytes], gone: Sequence[str], missing: Mapping[str, str], hardware: str) -> str:
    size = sum(map(len, changed.values())) / 1e6
    parts = [f"{len(changed)} files ({size:.1f} MB)"]
    if gone:
        parts.append(f"without {len(gone)} that it needs no more")
    parts += [f"{key}={value}" for key, value in missing.items()]
    return ", ".join(parts + ([f"on {hardware}"] if hardware else []))


def _create(api: HfApi, repo: str, hardware: str, settings: Mapping[str, str], private: bool) -> None:
    variables = [{"key": key, "value": value} for key, value in settings.items()]
    try:
        with hub_errors(repo):
            api.create_repo(
                repo,
                repo_type="space",
                space_sdk="gradio",
                space_hardware=hardware,
                space_variables=variables,
                private=private or None,  # an organisation may have a default of its own
            )
    except HubError as error:
        if error.status == 402:
            raise HubError(
                f"The Hub wants a paid plan for a Space on {hardware}; a free account may have --hardware {ZERO_GPU}.",
                402,
            ) from error
        raise


def _set(api: HfApi, repo: str, key: str, value: str) -> None:
    with hub_errors(repo):
        api.add_space_variable(repo, key, value)


def _move(api: HfApi, repo: str, hardware: str) -> None:
    with hub_errors(repo):
        api.request_space_hardware(repo, hardware)


def _commit_all(
    api: HfApi, repo: str, parent: str, changed: Mapping[str, bytes], gone: Sequence[str], tell: Tell
) -> None:
    """Weights first, some at a time; then all code in one commit, for an app with half of it would not start."""
    weights = [name for name in changed if name.startswith("checkpoints/")]
    for first in range(0, len(weights), WEIGHTS_PER_COMMIT):
        batch = [CommitOperationAdd(name, changed[name]) for name in weights[first : first + WEIGHTS_PER_COMMIT]]
        parent = with_retry(partial(_commit, api, repo, batch, "Bring the checkpoints up to date", parent))
        tell(f"{first + len(batch)} of {len(weights)} checkpoints are there.")
    code = [CommitOperationAdd(name, content) for name, content in changed.items() if name not in weights]
    code += [CommitOperationDelete(name) for name in gone]
    if code:
        with_retry(partial(_commit, api, repo, code, "Bring the app up to date", parent))


def _commit(api: HfApi, repo: str, operations: list, message: str, parent: str) -> str:
    with hub_errors(repo):
        made = api.create_commit(repo, operations, commit_message=message, parent_commit=parent, repo_type="space")
    return made.oid
