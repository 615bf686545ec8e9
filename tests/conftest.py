"""Fixtures that tests share: folders of drawings, a home, a misbehaving mirror of the dataset, a loopback Hub."""

import os
import tempfile
from pathlib import Path

# Before anything imports huggingface_hub, which reads these once: no cache but our own, and uploads without Xet.
os.environ |= {"HF_HOME": tempfile.mkdtemp(), "HF_HUB_DISABLE_XET": "1", "HF_HUB_DISABLE_TELEMETRY": "1"}
os.environ.pop("HF_TOKEN", None)
# DoodleNet is fetched by the tests that say from where.
os.environ["DOODLES_DOODLENET"] = "/nowhere"
# PyTorch reads this once, too: one test file runs per core.
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
import torch

from benchmarks.harness.drawings import suns, write_class
from benchmarks.harness.mirror import Mirror
from model.system.proxies import prepare_proxies
from tests.support.hub import Hub
from train.home import Home

prepare_proxies()  # tests ask servers on this machine, and nobody else
pytest_plugins = ["tests.support.browser_fixtures"]

# Files that take longest come first, so that no process is left with one of them when the others are done.
LONGEST_FILES = (
    "test_train_page",
    "test_yours_page",
    "test_tracking",
    "test_recipes",
    "test_runs",
    "test_training",
    "test_page",
    "test_share_page",
    "test_accessibility",
    "test_zero_gpu",
)


def pytest_xdist_auto_num_workers() -> int:
    """One process more than cores, because tests often wait for a page or another process."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    places = {name: place for place, name in enumerate(LONGEST_FILES)}
    items.sort(key=lambda item: places.get(item.path.stem, len(places)))


@pytest.fixture(autouse=True)
def same_random_numbers() -> None:
    """Seed PyTorch, so that a test doesn't depend on those before it."""
    torch.manual_seed(0)


@pytest.fixture
def drawings_folder(tmp_path: Path) -> Path:
    """A folder that stands in for the dataset's server: sun, stop sign and The Mona Lisa, of synthetic drawings."""
    folder = tmp_path / "drawings"
    for index, (class_name, num_drawings) in enumerate({"sun": 300, "stop sign": 40, "The Mona Lisa": 20}.items()):
        write_class(folder, class_name, suns(num_drawings, index))
    return folder


@pytest.fixture
def home(tmp_path: Path, drawings_folder: Path) -> Home:
    return Home(tmp_path / "home", str(drawings_folder))


@pytest.fixture
def mirror(drawings_folder: Path):
    with Mirror(drawings_folder) as running:
        yield running


@pytest.fixture
def hub(monkeypatch: pytest.MonkeyPatch):
    """A loopback Hub. This process uses it as “you” and doesn't wait long for it."""
    with Hub() as running:
        monkeypatch.setenv("HF_ENDPOINT", running.url)
        monkeypatch.setenv("HF_TOKEN", "hf_you")
        monkeypatch.setattr("model.hub.client.PAUSES", (0.01,) * 4)
        monkeypatch.setattr("model.hub.collection.FIRST_SECONDS", 60.0)  # it does answer, even on a slow machine
        yield running
