"""The engine in the browser draws what Python draws: every network, every shipped class, drafts, mixes and styles."""

import json
import random
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch

from model.drawing.latents import Picture
from model.drawing.sampler import Sampler
from model.files.checkpoint import Card, save_checkpoint
from model.files.folders import REPOSITORY
from model.files.shared_base import read_base
from model.networks.architectures import GENERATORS, architecture, build
from model.quickdraw.classes import CLASS_NAMES
from tests.support.samples import SHIPPED, SMALL, as_drawings, make_checkpoint
from tests.support.static_files import serving
from train.grow import save_base
from train.site.generators import drafts_file
from train.training import Training

KINDS = [
    ("ant", "doodle", {"z_dim": 8, "channels": 6}),
    ("ear", "doodle", {"z_dim": 33, "channels": 3}),
    ("bee", "doodle", {"layout_rank": 4, "saturation": 0.1}),
    ("bat", "doodle", {"layout_rank": 4, "saturation": 0.2}),
    ("axe", "doodle", {}),
    ("cow", "superdeep", {}),
    ("dog", "superdeep", {"depth": 6}),
    ("eye", "deep", {}),
    ("fan", "shallow", {}),
]
PAIRS = [("bee", "bat"), ("bee", "axe"), ("axe", "bat")]  # with and without a layout
DRAW = """async (cases) => {
  const [engine, file] = await Promise.all(["engine", "file"].map((name) => import(`/engine/${name}.js`)));
  const content = async (name) => (await fetch(name)).arrayBuffer();
  const drafts = file.readDrafts(await content("/drafts.safetensors"), "drafts");
  const generators = new Map();
  async function generatorOf({ class_name, isDraft }) {
    if (isDraft) return new engine.Generator(class_name, file.draftOf(drafts, class_name, "drafts"));
    const address = `/files/${class_name.toLowerCase().replaceAll(" ", "-")}.safetensors`;
    if (!generators.has(class_name)) generators.set(class_name, await engine.load(address));
    return generators.get(class_name);
  }
  const drawings = [];
  for (const one of cases) {
    const generator = await generatorOf(one);
    const into = one.into && await generatorOf({ class_name: one.into });
    const wish = { mix: one.mix, psi: one.psi, style: one.style };
    drawings.push([...(into ? engine.drawBetween(generator, into, one.share, wish) : generator.draw(wish))]);
  }
  return drawings;
}"""


def save(folder: Path, class_name: str, network: str, options: dict) -> None:
    """A checkpoint whose norms and biases matter, and which has typical seeds if it has a layout."""
    design = architecture(GENERATORS, network, options)
    generator = build(GENERATORS, design)
    with torch.no_grad():
        for name, tensor in generator.state_dict().items():
            if name.endswith("running_var"):
                tensor.uniform_(0.5, 2)
            elif name.endswith(("running_mean", "rows", "bias")):
                tensor.normal_(0, 0.3)
            elif tensor.dim() > 1:
                tensor.mul_(2)
    generator.typical_seeds = tuple(range(100, 116)) if options.get("layout_rank") else ()
    save_checkpoint(
        folder, Card(class_name, design, "doodle", 0, {class_name: 10}, "folder", "made for a test"), generator
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A folder with the engine, files of every kind, all shipped classes, and drafts by a base with layouts."""
    folder = tmp_path_factory.mktemp("engine")
    (folder / "engine").symlink_to(REPOSITORY / "studio" / "engine")
    (folder / "index.html").write_text("<!doctype html><title>Engine</title>", encoding="utf-8")
    (folder / "files").mkdir()
    for path in SHIPPED.glob("[!_]*.safetensors"):
        (folder / "files" / path.name).symlink_to(path)
    torch.manual_seed(0)
    for kind in KINDS:
        (folder / "files" / f"{kind[0]}.safetensors").unlink(missing_ok=True)
        save(folder / "files", *kind)
    training = Training(SMALL, as_drawings(np.zeros((1, 28, 28), np.uint8)), num_classes=len(CLASS_NAMES))
    with torch.no_grad():
        for name, tensor in training.ema.state_dict().items():
            if name.endswith(("rows", "shared", "class_embedding")):
                tensor.normal_(0, 0.3)
    (folder / "base").mkdir()
    path = save_base(folder / "base", training, {"sun": 44})
    (folder / "drafts.safetensors").write_bytes(drafts_file(read_base(path)))
    with serving(folder) as address:
        yield folder, address


def requests(class_names: list[str], count: int) -> list[tuple[Picture, bool]]:
    """Random pictures, each with whether the base draws it."""
    chance, found = random.Random(19), []
    for number in range(count):
        mix = tuple((chance.randrange(2**32), chance.uniform(-1, 1)) for _ in range(chance.choice([1, 1, 2, 5])))
        psi = chance.choice([1.0, 1.0, 0.0, 0.4, 0.8, 1.5, 2.0])
        style = tuple(chance.uniform(-3, 3) for _ in range(5)) if chance.random() < 0.3 else ()
        if number % 10 == 0:
            one, other = chance.choice(PAIRS)
            picture = Picture(one, mix, psi, into=other, share=chance.random())
        elif number % 10 == 1:
            picture = Picture(chance.choice(CLASS_NAMES), mix, psi, style)
        else:
            picture = Picture(class_names[number % len(class_names)], mix, psi, style)
        found.append((picture, number % 10 == 1))
    return found


@pytest.mark.parametrize(
    "count, has_all", [(60, False), pytest.param(1000, True, marks=pytest.mark.slow)], ids=["some", "all"]
)
def test_the_browser_draws_the_same_as_python(page, site, count, has_all):
    """Of every network, and of all the classes that ship."""
    folder, address = site
    sampler, drafts = Sampler([folder / "files"]), Sampler([folder / "base"])
    names = sorted(sampler.cards()) if has_all else ["cat", *(name for name, *_ in KINDS)]
    cases = requests(names, count)
    cases.sort(key=lambda case: (case[1], case[0].class_name))  # drawing the same class in a row is quicker
    own, others = [case[0] for case in cases if not case[1]], [case[0] for case in cases if case[1]]
    expected = np.concatenate([sampler.draw_all(own), drafts.draw_all(others)])
    page.goto(address)
    drawings = page.evaluate(DRAW, [asdict(picture) | {"isDraft": is_draft} for picture, is_draft in cases])
    gaps = np.abs(np.array(drawings).reshape(-1, 28, 28) - expected.astype(int)).max((1, 2))
    assert gaps.max() <= 1, [cases[place] for place in np.flatnonzero(gaps > 1)[:3]]
    assert expected.std(0).mean() > 1, "the requests show different drawings"


def test_the_engine_draws_the_same_without_webassembly(page, site):
    _, address = site
    page.goto(address)
    drawings = page.evaluate(
        """async () => {
            const { load, useKernel } = await import("/engine/engine.js");
            const both = [];
            for (const isPlain of [false, true]) {
                useKernel({ isPlain });
                for (const name of ["cat", "dog", "eye"]) {
                    const generator = await load(`/files/${name}.safetensors`);
                    both.push([...generator.draw({ seed: 7 })]);
                }
            }
            return both;
        }"""
    )
    fast, plain = np.array(drawings).reshape(2, -1)
    assert np.abs(fast - plain).max() <= 1


def test_a_file_that_cannot_be_used_is_refused_in_one_sentence(page, site, tmp_path):
    folder, address = site
    good = make_checkpoint(tmp_path).read_bytes()
    length = int.from_bytes(good[:8], "little")
    header = json.loads(good[8 : 8 + length])

    def changed(**metadata: str) -> bytes:
        new = json.dumps(header | {"__metadata__": header["__metadata__"] | metadata}).encode()
        return len(new).to_bytes(8, "little") + new + good[8 + length :]

    card = json.loads(header["__metadata__"]["card"])
    bad = {
        "empty": b"",
        "short": good[:5000],
        "foreign": b"\x89PNG" * 500,
        "endless": (2**62).to_bytes(8, "little") + good[8:],
        "newer": changed(format="endless-doodles/9"),
        "unknown": changed(card=json.dumps(card | {"architecture": {"network": "diffusion"}})),
        "huge": changed(card=json.dumps(card | {"architecture": {"network": "doodle", "channels": 1024}})),
        "prototype": changed(card=json.dumps(card | {"architecture": {"network": "constructor"}})),
        "nothing": changed(card="null"),
        "infinite": good[:-2] + b"\x00\x7c",
    }
    (folder / "bad").mkdir()
    for name, content in bad.items():
        (folder / "bad" / name).write_bytes(content)
    page.goto(address)
    answers = page.evaluate(
        """async (names) => {
            const { load } = await import("/engine/engine.js");
            const attempt = (name) => load(`/bad/${name}`).then(() => "loaded", (error) => `${error}`);
            return Promise.all(names.map(attempt));
        }""",
        [*bad, "missing"],
    )
    for name, answer in zip([*bad, "missing"], answers, strict=True):
        assert answer.startswith("Error: ") and name in answer and answer.endswith(".") and answer.count("\n") == 0, (
            answer
        )
