"""The rooms stay apart: imports run one way, and importing does nothing."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
FORBIDDEN = {
    "model": {"gradio", "train", "studio", "app"},
    "train": {"gradio", "studio", "app"},
    "studio": {"torch", "app"},
}


def imported(path: Path) -> set[str]:
    names = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.partition(".")[0])
    return names


@pytest.mark.parametrize("room", FORBIDDEN)
def test_imports_run_one_way(room):
    files = sorted((REPOSITORY / room).rglob("*.py"))
    assert files
    for path in files:
        assert not imported(path) & FORBIDDEN[room], path.name


def test_importing_needs_no_extra_makes_no_file_and_prints_nothing(tmp_path):
    modules = [
        ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")
        for room in FORBIDDEN
        for path in (REPOSITORY / room).rglob("*.py")
        if path.stem != "__main__"
    ]
    before = set(REPOSITORY.glob("[!.]*"))  # what other tests leave at the same time begins with a dot
    extras = "import sys; sys.modules |= dict.fromkeys(('ray', 'mlflow', 'av', 'spaces'))"  # as if not installed
    code = f"{extras}; import {', '.join([*modules, 'app'])}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path), "PATH": "/usr/bin"},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert set(REPOSITORY.glob("[!.]*")) - before <= {REPOSITORY / "__pycache__"}
    assert not list(tmp_path.iterdir())


def test_nothing_is_ever_unpickled():
    for path in [REPOSITORY / "app.py", *(path for room in FORBIDDEN for path in (REPOSITORY / room).rglob("*.py"))]:
        source = path.read_text()
        assert "torch.load" not in source and "import pickle" not in source, path.name
