"""Deploy the app as a Space: create it, or change what differs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, SpaceHardware

from model.hub.client import TIMEOUT_SECONDS, HfApi, check_repo, client, download, is_private, with_retry
from model.hub.errors import HubError, hub_errors
from model.hub.index import INDEX_NAME, MAX_INDEX_BYTES, read_index
from train.home import Home
from train.hub.progress import Progress, Report, no_report
from train.hub.space_files import PACKAGES, ZERO_GPU, space_files
from train.hub.space_plan import HUB, CurrentSpace, Source, SpacePlan, plan_space

WEIGHTS_PER_COMMIT = 90  # the Hub advises fewer than 100 files
HARDWARE = [str(flavor.value) for flavor in SpaceHardware]
_APP_FILES = {f"{package}/__init__.py" for package in PACKAGES}  # a Space with these has our app, whichever version
_BEFORE_THE_APP = (".gitattributes", "README.md", "checkpoints/")  # files of a new Space, or of a broken first try


@dataclass(frozen=True)
class Deployment:
    """What was done, or would be if it is a dry run. source: the collection that the Space takes classes from."""

    url: str
    plan: SpacePlan
    source: Source | None
    is_new: bool
    dry_run: bool


def deploy(
    home: Home,
    repo: str,
    hardware: str | None = None,
    collection: str | None = None,
    *,
    private: bool = False,
    dry_run: bool = False,
    token: str | None = None,
    report: Report = no_report,
) -> Deployment:
    """Create a Space or bring it up to date. Raises HubError and CheckpointError.

    hardware: default: what the Space has; a new one gets ZeroGPU, because free accounts may use nothing else.
    collection: owner/name[@revision] to take classes from; default: what the Space has. private: if it is created.
    """
    api, repo = client(token), check_repo(repo)
    current = _current(api, repo)
    hardware = hardware or (current.hardware if current else None) or ZERO_GPU
    collection = collection or (current.settings.get(HUB) if current else None)
    source = _source(api, collection) if collection else None
    files = space_files(home, repo, hardware, source.repo if source else "", source.files if source else ())
    plan = plan_space(current, files, hardware, source)
    if not dry_run and not plan.is_empty:
        _execute(api, repo, current, plan, private=private, report=report)
    return Deployment(f"{api.endpoint}/spaces/{repo}", plan, source, current is None, dry_run)


def _execute(
    api: HfApi, repo: str, current: CurrentSpace | None, plan: SpacePlan, *, private: bool, report: Report
) -> None:
    """Settings come before the files that count on them, and new hardware after the files that suit it."""
    if current is None:
        _create(api, repo, plan, private=private)
        current = _current(api, repo)
        if current is None:
            raise HubError(f"The Hub created {repo} but doesn't show it yet; run the command again in a minute.")
        commit_all(api, repo, current.commit, plan, report)
        return
    for key, value in plan.settings.items():
        _set(api, repo, key, value)
    commit_all(api, repo, current.commit, plan, report)
    if plan.hardware:
        _request_hardware(api, repo, plan.hardware)


def commit_all(api: HfApi, repo: str, parent: str, plan: SpacePlan, report: Report) -> None:
    """Commit weights in batches, then all code at once, because an app with half of its code wouldn't start."""
    weights = [name for name in plan.files_to_write if name.startswith(("checkpoints/", "classes/"))]
    for first in range(0, len(weights), WEIGHTS_PER_COMMIT):
        batch = {name: plan.files_to_write[name] for name in weights[first : first + WEIGHTS_PER_COMMIT]}
        parent, url = _commit(api, repo, "Bring the checkpoints up to date", parent, batch)
        report(Progress(first + len(batch), len(weights), url))
    code = {name: content for name, content in plan.files_to_write.items() if name not in weights}
    if code or plan.files_to_delete:
        _commit(api, repo, "Bring the app up to date", parent, code, plan.files_to_delete)


@with_retry
def _current(api: HfApi, repo: str) -> CurrentSpace | None:
    """The Space as it is, None if there is none. Raises HubError for one with another app."""
    try:
        with hub_errors(repo):
            info = api.space_info(repo, files_metadata=True, timeout=TIMEOUT_SECONDS)
    except HubError as error:
        if error.status in (401, 404):
            return None
        raise
    files = {file.rfilename: (file.lfs.sha256 if file.lfs else file.blob_id) or "" for file in info.siblings or []}
    if not files.keys() >= _APP_FILES and not all(name.startswith(_BEFORE_THE_APP) for name in files):
        raise HubError(f"{repo} is a Space with another app in it; choose another name, or delete it first.")
    hardware = (info.runtime.requested_hardware or info.runtime.hardware) if info.runtime else None
    with hub_errors(repo):
        settings = {key: variable.value for key, variable in api.get_space_variables(repo).items()}
    return CurrentSpace(info.sha or "", files, hardware, settings)


def _source(api: HfApi, setting: str) -> Source:
    """A collection, given as owner/name[@revision]. Raises HubError and CheckpointError."""
    repo, _, revision = setting.partition("@")
    repo = check_repo(repo)
    try:
        path, _ = with_retry(download)(api, repo, INDEX_NAME, revision or "main", MAX_INDEX_BYTES)
    except HubError as error:
        if error.status not in (401, 404):
            raise
        raise HubError(
            f"There is no collection {repo} that you can see; push a class to it first with "
            f"`python -m train push cat --repo {repo}`, or leave out --model-repo.",
            error.status,
        ) from error
    files = frozenset(PurePosixPath(entry.file).name for entry in read_index(path.read_bytes()).values())
    return Source(setting, files, is_private(api, repo))


@with_retry
def _create(api: HfApi, repo: str, plan: SpacePlan, *, private: bool) -> None:
    hardware = plan.hardware or ZERO_GPU
    try:
        with hub_errors(repo):
            api.create_repo(
                repo,
                repo_type="space",
                space_sdk="gradio",
                space_hardware=SpaceHardware(hardware),
                space_variables=[{"key": key, "value": value} for key, value in plan.settings.items()],
                private=private or None,  # an organisation may have a default of its own
            )
    except HubError as error:
        if error.status == 402:
            message = f"A Space on {hardware} needs a paid plan; free accounts can use --hardware {ZERO_GPU}."
            raise HubError(message, 402) from error
        raise


@with_retry
def _set(api: HfApi, repo: str, key: str, value: str) -> None:
    with hub_errors(repo):
        api.add_space_variable(repo, key, value)


@with_retry
def _request_hardware(api: HfApi, repo: str, hardware: str) -> None:
    with hub_errors(repo):
        api.request_space_hardware(repo, SpaceHardware(hardware))


@with_retry
def _commit(
    api: HfApi, repo: str, message: str, parent: str, files: Mapping[str, bytes], deleted: Sequence[str] = ()
) -> tuple[str, str]:
    """Returns the commit's hash and URL."""
    operations = [CommitOperationAdd(name, content) for name, content in files.items()]
    deletions = [CommitOperationDelete(name) for name in deleted]
    with hub_errors(repo):
        commit = api.create_commit(
            repo, [*operations, *deletions], commit_message=message, parent_commit=parent, repo_type="space"
        )
    return commit.oid, commit.commit_url
