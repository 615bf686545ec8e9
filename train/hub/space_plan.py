"""What has to change on a Space, as data: files to write and to delete, settings to set, hardware to request."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from huggingface_hub.utils.sha import git_hash

from train.hub.space_files import is_ours

BEHIND_PROXY = "DOODLES_PROXY"  # how many proxies stand before the app; the Hub's is one
HUB = "DOODLES_HUB"


@dataclass(frozen=True)
class CurrentSpace:
    """A Space as it is on the Hub.

    commit: the hash of its last one. files: path to hash; Git's, or the SHA-256 of a file in LFS. hardware: the one
    requested last, None if the Hub doesn't say. settings: its variables.
    """

    commit: str
    files: Mapping[str, str]
    hardware: str | None
    settings: Mapping[str, str]


@dataclass(frozen=True)
class Source:
    """A collection that a Space takes classes from. setting: owner/name[@revision]. files: names of checkpoints."""

    setting: str
    files: frozenset[str]
    is_private: bool

    @property
    def repo(self) -> str:
        return self.setting.partition("@")[0]


@dataclass(frozen=True)
class SpacePlan:
    """files_to_write: path to content, new or changed. hardware: None if the Space already has the right one."""

    files_to_write: Mapping[str, bytes]
    files_to_delete: tuple[str, ...]
    settings: Mapping[str, str]
    hardware: str | None

    @property
    def is_empty(self) -> bool:
        return not (self.files_to_write or self.files_to_delete or self.settings or self.hardware)


def plan_space(
    current: CurrentSpace | None, files: Mapping[str, bytes], hardware: str, source: Source | None
) -> SpacePlan:
    """What turns a Space (None: there is none yet) into one with these files. Settings of the owner's own stay."""
    existing = current.files if current else {}
    settings = current.settings if current else {}
    wanted = {BEHIND_PROXY: settings.get(BEHIND_PROXY, "1")} | ({HUB: source.setting} if source else {})
    return SpacePlan(
        files_to_write={name: content for name, content in files.items() if not _has(existing, name, content)},
        files_to_delete=tuple(
            name for name in existing if name not in files and is_ours(name, source.files if source else ())
        ),
        settings={key: value for key, value in wanted.items() if settings.get(key) != value},
        hardware=hardware if current is None or current.hardware not in (None, hardware) else None,
    )


def plan_static(current: CurrentSpace | None, files: Mapping[str, bytes]) -> SpacePlan:
    """What turns a static Space (None: there is none yet) into one with these files. Files of the owner's own stay."""
    existing = current.files if current else {}
    return SpacePlan(
        files_to_write={name: content for name, content in files.items() if not _has(existing, name, content)},
        files_to_delete=tuple(
            name for name in existing if name not in files and name.startswith(("scripts/", "classes/"))
        ),
        settings={},
        hardware=None,
    )


def _has(existing: Mapping[str, str], name: str, content: bytes) -> bool:
    """Whether a Space has a file with this content. `create_commit` skips such files, too, but doesn't say which."""
    return existing.get(name) in (git_hash(content), hashlib.sha256(content).hexdigest())
