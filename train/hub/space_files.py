"""What a Space holds: of this installation, only what the page needs, made fit for the hardware that it will run on."""

import re
from collections.abc import Collection, Mapping
from pathlib import Path

from model.drawing.partners import PAIRS_NAME
from model.files.checkpoint import REPOSITORY, load_checkpoint
from train.home import Home

ROOMS = ("model", "studio", "train")
ZERO_GPU = "zero-a10g"
_CODE = {".py", ".js", ".css", ".html"}
_ALONE = ("app.py", "LICENSE", "CONTRIBUTING.md", "CHANGELOG.md")


def space_files(
    home: Home, repo: str, hardware: str, collection: str = "", listed: Collection[str] = ()
) -> dict[str, bytes]:
    """All files of the Space `repo`, by their paths in it: the app, the checkpoints at hand, a README of its own.

    collection: where it takes classes from besides. listed: the names of checkpoints' files that are left to that, so
    that it alone decides what they are; the shared base and the networks that trainings need always come along.
    """
    readme = (REPOSITORY / "README.md").read_text()
    docs = {f"docs/{path.name}": path.read_bytes() for path in sorted((REPOSITORY / "docs").iterdir())}
    alone = {name: (REPOSITORY / name).read_bytes() for name in _ALONE}
    rooms = {
        path.relative_to(REPOSITORY).as_posix(): path.read_bytes()
        for room in ROOMS
        for path in sorted((REPOSITORY / room).rglob("*"))
        if path.suffix in _CODE
    }
    requirements = pinned((REPOSITORY / "requirements.txt").read_text(), front_matter(readme)["sdk_version"], hardware)
    written = {
        "README.md": _readme(readme, repo, hardware, collection).encode(),
        "requirements.txt": requirements.encode(),
    }
    return alone | docs | rooms | written | _checkpoints(home, listed)


def front_matter(readme: str) -> dict[str, str]:
    """The keys at the top level of a README's front matter, with what stands behind them on the same line."""
    block = readme.split("---\n")[1]
    return {key: value.strip('" ') for key, value in re.findall(r"^(\w+):(.*)$", block, re.MULTILINE)}


def pinned(requirements: str, sdk_version: str, hardware: str) -> str:
    """Requirements for a Space: Gradio as the front matter says, PyTorch as the hardware takes it, the rest as is."""
    if hardware == ZERO_GPU:  # lends its GPU to PyTorch 2.8 to 2.11 only, and to whom imports spaces
        first, torch = ["spaces>=0.51"], "torch==2.11.0"
    else:
        first, torch = [], "torch==2.13.0"
    pins = {"torch": torch, "gradio": f"gradio=={sdk_version}"}
    lines = [pins.get(re.match(r"[\w-]*", line)[0], line) for line in requirements.splitlines()]
    return "\n".join([*first, *lines]) + "\n"


def _readme(readme: str, repo: str, hardware: str, collection: str) -> str:
    """The README with what only the Space itself can say in its front matter."""
    own = [
        f"suggested_hardware: {hardware}",
        f"thumbnail: https://huggingface.co/spaces/{repo}/resolve/main/docs/page.png",
        *([f"models: [{collection}]"] if collection else []),
    ]
    _, block, rest = readme.split("---\n", 2)
    return "---\n".join(["", block + "\n".join(own) + "\n", rest])


def _checkpoints(home: Home, listed: Collection[str]) -> Mapping[str, bytes]:
    """Every file of weights that can be used, what was trained at home first, and which classes mix well."""
    names = {path.name for folder in home.checkpoint_folders for path in folder.glob("*.safetensors")}
    found = [home.first_usable(name, _sound) for name in sorted(names - set(listed))]
    found.append(home.first_usable(PAIRS_NAME, _sound))
    return {f"checkpoints/{path.name}": path.read_bytes() for path in found if path}


def _sound(path: Path) -> Path:
    """Raises CheckpointError for a class's checkpoint that can't be used."""
    if path.suffix == ".safetensors" and not path.name.startswith("_"):
        load_checkpoint(path)
    return path
