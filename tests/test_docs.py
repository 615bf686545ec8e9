"""README and docs are true: links lead somewhere, names exist, commands parse, programs run."""

import argparse
import pkgutil
import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import pytest
import torch
from PIL import Image

from benchmarks.harness.drawings import suns
from model.files.folders import REPOSITORY
from model.networks.architectures import GENERATORS
from model.quickdraw.classes import find_classes
from tests.support.pages import PAGES, examples, prose, text_of
from tests.support.samples import SMALL, as_drawings
from train.hub.space_files import space_files
from train.runs.settings import Settings
from train.training import Training

OURS = ("app.py", "model", "studio", "train")
ADDRESS = "http://127.0.0.1:7860"
MODULES = re.compile(r"model|train|benchmarks\.\w+")


class Parsed(BaseException):
    """Raised once a command line is parsed, so that nothing runs."""


def links(page: str) -> list[str]:
    """The targets of a page's links and pictures, except other sites."""
    targets = re.findall(r"\]\(([^)\s]+)\)", prose(page))
    return [target for target in targets if not re.match(r"https?:", target)]


def anchors(path: Path) -> set[str]:
    """The anchors that GitHub gives a page's headings."""
    headings = re.findall(r"^#+ (.+)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).lower().replace(" ", "-") for heading in headings}


def quoted(page: str) -> list[str]:
    """The text between backticks in a page's prose."""
    return re.findall(r"`([^`\n]+)`", prose(page))


def command_lines(page: str) -> Iterator[list[str]]:
    """Every command on a page as words, without the environment variables before it."""
    in_prose = [text for text in quoted(page) if text.startswith("python ")]
    for line in [line for block in examples(page, "sh") for line in block.splitlines()] + in_prose:
        for command in line.split(" && "):
            words = shlex.split(command, comments=True)
            while words and re.match(r"\w+=", words[0]):
                words.pop(0)
            if words:
                yield words


def run(words: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Run a command that starts with `python -m` in this process."""
    monkeypatch.setattr(sys, "argv", words[2:])
    runpy.run_module(words[2], run_name="__main__")


def variables(text: str) -> set[str]:
    return set(re.findall(r"\bDOODLES_[A-Z]+(?:_[A-Z]+)*\b", text))


def test_the_readme_is_short():
    assert len(text_of("README.md").encode()) <= 8000


@pytest.mark.parametrize("page", PAGES)
def test_every_link_leads_somewhere(page):
    for target in links(page):
        name, _, anchor = target.partition("#")
        path = (REPOSITORY / page).parent / name if name else REPOSITORY / page
        assert path.exists(), target
        assert not anchor or anchor in anchors(path), target


def test_the_readmes_links_work_in_a_space_too(home):
    assert set(links("README.md")) <= space_files(home, "you/doodles", "cpu-basic").keys()


@pytest.mark.parametrize("page", PAGES)
def test_every_named_file_exists(page):
    folders = {path.name for path in REPOSITORY.iterdir() if path.is_dir()} - {"runs", "cache"}
    for text in quoted(page):
        if re.fullmatch(r"[\w./-]+", text) and text.partition("/")[0] in folders and "/" in text:
            assert (REPOSITORY / text).exists(), text
    for words in command_lines(page):
        for word in words:
            if re.fullmatch(r"(requirements|tests/).*|app\.py", word):
                assert (REPOSITORY / word).exists(), word


@pytest.mark.parametrize("page", PAGES)
def test_every_command_parses(page, monkeypatch):
    """The command's own parser accepts it. Other tests check what it does."""
    parse = argparse.ArgumentParser.parse_args

    def parse_only(parser, *arguments):
        class_names = getattr(parse(parser, *arguments), "classes", None)
        for name in class_names if isinstance(class_names, list) else ():
            assert name == "base" or find_classes(name)
        raise Parsed

    monkeypatch.setattr(argparse.ArgumentParser, "parse_args", parse_only)
    for words in command_lines(page):
        if words[:2] == ["python", "-m"] and MODULES.fullmatch(words[2]):
            with pytest.raises((Parsed, SystemExit)) as ended:
                run(words, monkeypatch)
            assert ended.type is Parsed or not ended.value.code, words


def test_the_documented_variables_are_those_that_are_read():
    paths = [path for name in OURS for path in (REPOSITORY / name, *(REPOSITORY / name).rglob("*.py"))]
    code = "".join(path.read_text(encoding="utf-8") for path in paths if path.is_file())
    assert variables("".join(map(text_of, PAGES))) == variables(code) == variables(text_of("docs/hosting.md"))


def test_every_limit_is_documented_with_its_default():
    for each in fields(Settings):
        assert f"| `{each.metadata['variable']}` | {each.default:,g} |" in text_of("docs/hosting.md"), each.name


def test_the_tree_lists_every_module():
    """The tree in docs/architecture.md indents each name below its folder."""
    (tree,) = re.findall(r"^```\n(app\.py.+?)^```$", text_of("docs/architecture.md"), re.MULTILINE | re.DOTALL)
    listed, folders = set(), []
    for indent, name in re.findall(r"^( *)([\w.]+/?) ", tree, re.MULTILINE):
        folders = folders[: len(indent) // 2]
        path = "".join([*folders, name])
        assert (REPOSITORY / path).exists(), path
        listed.add(path)
        folders += [name] if name.endswith("/") else []
    paths = [path for name in OURS for kind in ("py", "js") for path in (REPOSITORY / name).rglob(f"[!_]*.{kind}")]
    missing = {path.relative_to(REPOSITORY).as_posix() for path in paths} - listed
    assert not missing, f"add a line for each to docs/architecture.md: {sorted(missing)}"


def test_the_new_names_in_the_changelog_can_be_imported():
    renamed = re.findall(r"\| `[\w.]+` \| `([\w.]+)` \|", text_of("CHANGELOG.md").partition("## Unreleased")[2])
    assert renamed
    for name in renamed:
        pkgutil.resolve_name(name)


def test_contributings_example_adds_a_network(monkeypatch):
    names: dict[str, type] = {}
    exec(examples("CONTRIBUTING.md", "python")[0], names)
    monkeypatch.setitem(GENERATORS, "plain", names["PlainGenerator"])
    training = Training(replace(SMALL, generator="plain"), as_drawings(suns(16)))
    before = training.generator.to_ink.weight.clone()
    training.advance()
    assert not torch.equal(before, training.generator.to_ink.weight)


@pytest.mark.parametrize("page", PAGES)
def test_every_draw_command_works(page, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for words in command_lines(page):
        if words[:3] == ["python", "-m", "model"] and "--out" in words:
            with pytest.raises(SystemExit) as ended:
                run(words, monkeypatch)
            assert not ended.value.code
            assert (tmp_path / words[words.index("--out") + 1]).stat().st_size > 100


@pytest.mark.parametrize(
    "page, number", [(page, number) for page in PAGES for number in range(len(examples(page, "python")))]
)
def test_every_program_runs(page, number, tmp_path, monkeypatch, request):
    program = examples(page, "python")[number]
    if ADDRESS in program:
        program = program.replace(ADDRESS, request.getfixturevalue("site"))
    (tmp_path / "checkpoints").symlink_to(REPOSITORY / "checkpoints")
    monkeypatch.chdir(tmp_path)
    exec(compile(program, f"{page}, program {number}", "exec"), {"__name__": "example"})
    for path in tmp_path.glob("*.png"):
        with Image.open(path) as picture:
            assert picture.size == (28, 28)
    for path in tmp_path.glob("*.svg"):
        assert path.read_text(encoding="utf-8").startswith("<svg")
