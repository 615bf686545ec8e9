"""The files of a Space: what the page needs of this installation, adapted to the Space's hardware."""

import re
from collections.abc import Collection
from pathlib import Path, PurePosixPath

from model.drawing.partners import PAIRS_NAME
from model.files.checkpoint import load_checkpoint
from model.files.folders import REPOSITORY
from train.home import Home

PACKAGES = ("model", "studio", "train")
ZERO_GPU = "zero-a10g"
_CODE = {".py", ".js", ".css", ".html", ".png", ".svg"}
_DOCUMENTS = {".md", ".png"}
_SINGLE = ("app.py", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md")


def space_files(
    home: Home, repo: str, hardware: str, collection: str = "", listed: Collection[str] = ()
) -> dict[str, bytes]:
    """All files of the Space `repo` by path: the app, its checkpoints, its README and requirements.

    collection: owner/name of a collection that the Space takes classes from. listed: file names of the checkpoints in
    it. These are left out here, so that the collection alone decides about them; the shared base and the networks that
    training needs always come along.
    """
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    requirements = (REPOSITORY / "requirements.txt").read_text(encoding="utf-8")
    names = [
        path.relative_to(REPOSITORY).as_posix()
        for folder in (*PACKAGES, "docs")
        for path in sorted((REPOSITORY / folder).rglob("*"))
        if _ships(PurePosixPath(path.relative_to(REPOSITORY)))
    ]
    return {
        **{name: (REPOSITORY / name).read_bytes() for name in (*_SINGLE, *names)},
        "README.md": _readme(readme, repo, hardware, collection).encode(),
        "requirements.txt": pinned(requirements, front_matter(readme)["sdk_version"], hardware).encode(),
        **_checkpoints(home, listed),
    }


def is_ours(name: str, listed: Collection[str]) -> bool:
    """Whether a deployment put this file there, of whatever version, rather than the Space's owner.

    listed: as for `space_files`; a checkpoint that the collection has, too, isn't needed here.
    """
    path = PurePosixPath(name)
    return _ships(path) or (path.parts[0] == "checkpoints" and path.name in listed)


def _ships(path: PurePosixPath) -> bool:
    """Whether a file is code or documentation in one of the folders that a Space gets. path: in the repository."""
    folder = path.parts[0]
    return (folder in PACKAGES and path.suffix in _CODE) or (folder == "docs" and path.suffix in _DOCUMENTS)


def front_matter(readme: str) -> dict[str, str]:
    """The top-level keys of a README's front matter whose value is on the same line."""
    block = readme.split("---\n")[1]
    return {key: value.strip('" ') for key, value in re.findall(r"^(\w+):(.*)$", block, re.MULTILINE)}


def pinned(requirements: str, sdk_version: str, hardware: str) -> str:
    """Requirements for a Space: Gradio as in the front matter, a PyTorch that the hardware supports, the rest as is."""
    if hardware == ZERO_GPU:  # supports PyTorch 2.8 to 2.11, for apps that import spaces
        first, torch = ["spaces>=0.51"], "torch==2.11.0"
    else:
        first, torch = [], "torch==2.13.0"
    pins = {"torch": torch, "gradio": f"gradio=={sdk_version}"}
    lines = [pins.get(re.split(r"[^\w-]", line, maxsplit=1)[0], line) for line in requirements.splitlines()]
    return "\n".join([*first, *lines]) + "\n"


def _readme(readme: str, repo: str, hardware: str, collection: str) -> str:
    """The README with front matter that depends on the Space."""
    added = [
        f"suggested_hardware: {hardware}",
        f"thumbnail: https://huggingface.co/spaces/{repo}/resolve/main/docs/thumbnail.png",
        *([f"models: [{collection}]"] if collection else []),
    ]
    _, block, rest = readme.split("---\n", 2)
    return "---\n".join(["", block + "\n".join(added) + "\n", rest])


def _checkpoints(home: Home, listed: Collection[str]) -> dict[str, bytes]:
    """Every usable file of weights, those trained at home first, and the list of classes that mix well."""
    names = {path.name for folder in home.checkpoint_folders for path in folder.glob("*.safetensors")}
    paths = [home.first_usable(name, _checked) for name in sorted(names - set(listed))]
    paths.append(home.first_usable(PAIRS_NAME, _checked))
    return {f"checkpoints/{path.name}": path.read_bytes() for path in paths if path}


def _checked(path: Path) -> Path:
    """Raises CheckpointError for a class's checkpoint that can't be used."""
    if path.suffix == ".safetensors" and not path.name.startswith("_"):
        load_checkpoint(path)
    return path
