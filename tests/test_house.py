"""The code stays tidy: imports go one way, folders stay small, and importing has no side effects."""

import ast
import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[1]
PACKAGES = ("model", "train", "studio")
FORBIDDEN = {
    "model": {"gradio", "train", "studio", "app"},
    "train": {"gradio", "studio", "app"},
    "studio": {"torch", "app"},
}
MAX_MODULES = 15
MAX_LEVELS = 4


def modules() -> dict[str, Path]:
    """Every module of the three packages by its dotted name; a folder's __init__.py has the folder's name."""
    paths = [path for package in PACKAGES for path in sorted((REPOSITORY / package).rglob("*.py"))]
    names = (".".join(path.relative_to(REPOSITORY).with_suffix("").parts) for path in paths)
    return {name.removesuffix(".__init__"): path for name, path in zip(names, paths, strict=True)}


MODULES = modules()


def imported(path: Path) -> set[str]:
    """The full names of everything a file imports, anywhere in it: modules, and names in modules."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.module and not node.level, f"{path}: relative imports hide the direction"
            names |= {node.module} | {f"{node.module}.{alias.name}" for alias in node.names}
    return names


def folder_of(module: str) -> str:
    return module if MODULES[module].name == "__init__.py" else module.rpartition(".")[0]


IMPORTS = {module: imported(path) & MODULES.keys() - {module} for module, path in MODULES.items()}
CODE = [module for module, path in MODULES.items() if path.name not in ("__init__.py", "__main__.py")]


def test_the_packages_are_found():
    assert len(CODE) > 80 and {module.partition(".")[0] for module in CODE} == set(PACKAGES)


@pytest.mark.parametrize("module", MODULES)
def test_imports_go_one_way_between_packages(module):
    outer = {name.partition(".")[0] for name in imported(MODULES[module])}
    assert not outer & FORBIDDEN[module.partition(".")[0]]


def test_imports_go_one_way_between_folders():
    """Entry points (__main__.py) don't count: they may import everything."""
    graph = defaultdict(set)
    for module in CODE:
        graph[folder_of(module)] |= {folder_of(name) for name in IMPORTS[module] if name in CODE} - {folder_of(module)}
    order: list[str] = []
    while len(order) < len(graph):
        free = [folder for folder in graph if folder not in order and graph[folder] <= set(order)]
        assert free, f"these folders import each other: {sorted(graph.keys() - set(order))}"
        order += free


@pytest.mark.parametrize("folder", sorted({folder_of(module) for module in CODE}))
def test_a_folder_stays_small_and_shallow(folder):
    inside = {module for module in CODE if folder_of(module) == folder}
    assert len(inside) <= MAX_MODULES
    levels: list[set[str]] = []
    while left := inside.difference(*levels):
        lowest = {module for module in left if not IMPORTS[module] & left}
        assert lowest, f"these modules import each other: {sorted(left)}"
        levels.append(lowest)
    assert len(levels) <= MAX_LEVELS


def test_benchmarks_import_no_tests_and_test_files_do_not_import_each_other():
    for path in (REPOSITORY / "benchmarks").rglob("*.py"):
        assert not [name for name in imported(path) if name.partition(".")[0] == "tests"], path
    for path in (REPOSITORY / "tests").rglob("*.py"):
        assert not [name for name in imported(path) if name.startswith(("tests.test_", "tests.conftest"))], path


def test_importing_needs_no_extras_writes_no_files_and_prints_nothing(tmp_path):
    before = set(REPOSITORY.glob("[!.]*"))  # other tests may be writing files whose names start with a dot
    extras = "import sys; sys.modules |= dict.fromkeys(('ray', 'mlflow', 'av', 'spaces'))"  # as if not installed
    code = f"{extras}; import {', '.join([*CODE, 'app'])}"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code],
        cwd=tmp_path,
        env={"PYTHONPATH": str(REPOSITORY), "HOME": str(tmp_path), "PATH": "/usr/bin"},
        capture_output=True,
        encoding="utf-8",
        timeout=300,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    assert set(REPOSITORY.glob("[!.]*")) - before <= {REPOSITORY / "__pycache__"}
    assert not list(tmp_path.iterdir())


def test_nothing_is_ever_unpickled():
    for path in [REPOSITORY / "app.py", *MODULES.values()]:
        source = path.read_text(encoding="utf-8")
        assert "torch.load" not in source and "import pickle" not in source, path


def test_every_text_is_read_and_written_as_utf8():
    """Whatever the system's encoding is. Ruff's PLW1514 sees this only where it knows that something is a Path."""
    for path in [each for folder in (*PACKAGES, "tests", "benchmarks") for each in (REPOSITORY / folder).rglob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
                given = {keyword.arg: keyword.value for keyword in node.keywords}
                decodes = "text" in given or node.func.attr in ("read_text", "write_text")
                assert not decodes or "encoding" in given, f"{path}, line {node.lineno}: no encoding"
