"""Exported files open elsewhere and look the same. Links, commands and programs give exactly the same pixels."""

import io
import json
import shlex
import subprocess
import sys
import zipfile
from pathlib import Path
from types import SimpleNamespace

import av
import numpy as np
import pytest
from PIL import Image
from starlette.datastructures import Headers

from benchmarks.harness.drawings import suns
from model.__main__ import main
from model.drawing.look import LOOKS, Look
from model.drawing.sampler import Sampler
from model.drawing.view import View, read_view
from model.exports.animation import Playing, morph_animation
from model.exports.export import export
from model.exports.looks import picture
from model.files.folders import REPOSITORY, checkpoint_folders
from studio.shared.export import export_view
from studio.shared.visitors import is_local
from tests.support.samples import make_checkpoint, rendered

DRAWINGS = View("cat", 7, 5, 0.9, (1.5, 0.0, -2.0))
FOUND = View("cat", latent=tuple(round(0.1 * place - 3, 3) for place in range(64)))
MORPH = View("cat", keys=(7, 12, 99), into="dog")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home") / "checkpoints"
    for class_name in ("cat", "dog"):
        make_checkpoint(folder, class_name, z_dim=64, channels=12)
    return folder


@pytest.fixture(scope="module")
def sampler(folder):
    return Sampler([folder])


def morph_gif(frames, playing):
    return morph_animation(frames, "gif", Look("pixels"), playing)


def morph_webp(frames, playing):
    return morph_animation(frames, "webp", Look("ink"), playing)


def morph_mp4(frames, playing):
    return morph_animation(frames, "mp4", Look("ink"), playing)


def enlarged(drawing: np.ndarray, size: int) -> Image.Image:
    return picture(drawing, size, Look("ink"))


def ink(content: bytes) -> np.ndarray:
    return 255 - np.asarray(Image.open(io.BytesIO(content)).convert("L"))


def test_a_png_has_exactly_the_pixels(sampler):
    small = ink(export(sampler, DRAWINGS, "png"))
    drawings = sampler.draw_all(DRAWINGS.pictures())
    assert small.shape == (56, 84) and np.array_equal(small[28:, 28:56], drawings[4])


def test_a_large_png_is_the_same_drawing_with_smooth_edges(sampler):
    (drawing,) = sampler.draw_all(View("cat", 7).pictures())
    for look in map(Look, LOOKS):
        view = View("cat", 7, look=look)
        large = ink(export(sampler, view, "large.png"))
        assert large.shape == (1024, 1024) and np.array_equal(large, 255 - np.asarray(picture(drawing, 1024, look)))
        clear = Image.open(io.BytesIO(export(sampler, view, "transparent.png")))
        assert np.array_equal(np.asarray(clear.getchannel("A")), large) and set(clear.getchannel("L").getdata()) == {0}


def test_an_svg_opens_in_another_program(sampler):
    assert rendered(export(sampler, View("cat", 7), "svg").decode(), 8).max() > 0


def test_an_archive_has_every_drawing_and_how_to_draw_it_again(sampler):
    content = export(sampler, DRAWINGS, "zip")
    assert content == export(sampler, DRAWINGS, "zip"), "the same bytes every time"
    drawings = sampler.draw_all(DRAWINGS.pictures())
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        manifest = json.loads(file.read("manifest.json"))
        assert len(file.namelist()) == 5 * 5 + 2 and file.testzip() is None
        assert {name.partition("/")[0] for name in file.namelist()} == {"png", "svg", "strokes", "manifest.json"}
        assert file.read("strokes/drawings.ndjson") == export(sampler, DRAWINGS, "ndjson")
        for entry, drawing in zip(manifest["drawings"], drawings, strict=True):
            assert np.array_equal(ink(file.read(f"png/{entry['files']}.png")), drawing)
            again = View(entry["class"], entry["seed"], 1, entry["psi"], tuple(entry["style"]))
            assert np.array_equal(sampler.draw_all(again.pictures())[0], drawing)
    assert "CC-BY" in manifest["license"]
    with zipfile.ZipFile(io.BytesIO(export(sampler, FOUND, "zip"))) as file:
        (entry,) = json.loads(file.read("manifest.json"))["drawings"]
        assert tuple(entry["latent"]) == FOUND.latent and f"svg/{entry['files']}.svg" in file.namelist()


def test_animations_have_every_frame_back_and_forth():
    frames = suns(64)
    for kind, content in (("gif", morph_gif(frames, Playing())), ("webp", morph_webp(frames, Playing()))):
        morph = Image.open(io.BytesIO(content))
        assert morph.format.lower() == kind and morph.n_frames == 126 and morph.info.get("loop") == 0
        morph.seek(31)
        side = morph.size[0]
        expected = (
            enlarged(frames[31], side) if kind == "webp" else Image.fromarray(255 - frames[31]).resize(morph.size, 0)
        )
        assert np.abs(np.asarray(morph.convert("L")).astype(float) - np.asarray(expected)).mean() < 12


@pytest.mark.parametrize(("speed", "loop", "count"), [(0.25, "again", 64), (2.0, "once", 64), (0.5, "back", 126)])
def test_animations_play_as_on_the_page(speed, loop, count):
    frames, playing = suns(64), Playing(speed, loop)
    for make in (morph_gif, morph_webp):
        morph = Image.open(io.BytesIO(make(frames, playing)))
        morph.load()
        assert morph.n_frames == count and morph.info["duration"] == pytest.approx(40 / speed, abs=1)
        assert morph.info.get("loop", 1) == (1 if loop == "once" else 0)
    with av.open(io.BytesIO(morph_mp4(frames, playing))) as morph:
        assert float(morph.streams.video[0].average_rate) == pytest.approx(25 * speed)
        assert len(list(morph.decode(video=0))) == count


def test_speed_and_loop_of_a_morph_are_checked(sampler):
    for speed, loop in ((0, "back"), (1e99, "back"), ("1", "back"), (None, "back"), (1, "for ever"), (1, ["back"])):
        with pytest.raises(ValueError, match="is not allowed"):
            Playing(speed, loop)


def test_an_mp4_plays():
    frames = suns(64)
    with av.open(io.BytesIO(morph_mp4(frames, Playing()))) as morph:
        pictures = [frame.to_ndarray(format="gray") for frame in morph.decode(video=0)]
    assert len(pictures) == 2 * len(frames) - 2
    assert np.abs(pictures[31].astype(float) - np.asarray(enlarged(frames[31], 504))).mean() < 12


def test_an_mp4_without_its_package_says_what_to_install(sampler, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(ValueError, match="pip install av"):
        export(sampler, MORPH, "mp4")


@pytest.mark.parametrize(
    "view",
    [
        DRAWINGS,
        MORPH,
        FOUND,
        View("cat", 2**32 - 1, 64, 1 / 3, (0.1 + 0.2,)),
        View("cat", keys=(1, 2), look=Look("pen", 2.5)),
    ],
)
def test_a_link_leads_back_to_the_same_view(view):
    assert read_view(view.query()) == view


def test_bad_links_give_one_sentence():
    for query, sentence in {
        "?seed=7": "needs a class",
        "?class=cat&seed=x": "not a whole number; correct the link's seed",
        "?class=cat&seed=-1": "is not allowed",
        "?class=cat&count=65": "1 to 64",
        "?class=cat&psi=nan": "not allowed",
        "?class=cat&style=1,2,3,4,5,6": "Up to 5",
        "?class=cat&style=9": "offset",
        "?class=cat&keys=1": "2 to 8",
        "?class=cat&keys=" + ",".join("1" * 500): "2 to 8",
        "?class=cat&into=dog": "give keys",
        "?class=cat&latent=1,x": "not a number; correct the link's latent",
        "?class=cat&latent=9": "latent's number",
        "?class=cat&latent=1&count=2": "single drawing",
        "?class=cat&look=oil": "use one of pen, ink, pixels",
        "?class=cat&look=pen&width=7": "from 1.5 to 6",
        "?class=cat&look=pen&width=x": "not a number; correct the link's width",
        "?class=" + "c" * 5000: "up to 4,000 characters",
    }.items():
        with pytest.raises(ValueError, match=sentence):
            read_view(query)


SLOW_VIEWS = [pytest.param(view, marks=pytest.mark.slow) for view in (DRAWINGS, FOUND)]


@pytest.mark.parametrize("view", [MORPH, *SLOW_VIEWS])
def test_the_command_and_the_program_draw_exactly_the_same_pixels(view, folder, sampler, tmp_path, monkeypatch):
    monkeypatch.setenv("DOODLES_HOME", str(folder.parent))
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))
    kind = "gif" if view.keys else "png"
    done = subprocess.run(
        [sys.executable, *shlex.split(view.command())[1:], "--out", f"out.{kind}"], cwd=tmp_path, check=True
    )
    assert done.returncode == 0
    assert (tmp_path / f"out.{kind}").read_bytes() == export(sampler, view, kind)
    (tmp_path / "program.py").write_text(
        view.python() + 'import numpy\n\nnumpy.save("out.npy", drawings)\n', encoding="utf-8"
    )
    (tmp_path / "checkpoints").symlink_to(folder)
    subprocess.run([sys.executable, "program.py"], cwd=tmp_path, check=True)
    assert np.array_equal(np.load(tmp_path / "out.npy"), sampler.draw_all(view.pictures()))


def test_what_a_visitor_here_copies_finds_the_files_of_this_installation(tmp_path, monkeypatch):
    folder = tmp_path / "a house" / "checkpoints"
    make_checkpoint(folder, "cat", z_dim=64, channels=12)
    sampler = Sampler(checkpoint_folders(folder.parent))
    kinds = ("command", "python")
    command, program = (export_view(sampler, DRAWINGS, kind, "", is_local=True)["text"] for kind in kinds)
    monkeypatch.delenv("DOODLES_HOME", raising=False)
    here = f'python() {{ {shlex.quote(sys.executable)} "$@"; }}'
    script = f"{here}; {command} --out {shlex.quote(str(tmp_path / 'out.png'))}"
    subprocess.run(["bash", "-c", script], cwd=REPOSITORY, check=True)
    assert (tmp_path / "out.png").read_bytes() == export(sampler, DRAWINGS, "png")
    monkeypatch.chdir(REPOSITORY)
    names: dict[str, object] = {}
    exec(program, names)
    assert np.array_equal(names["drawings"], sampler.draw_all(DRAWINGS.pictures()))
    for kind in kinds:
        assert str(tmp_path) not in export_view(sampler, DRAWINGS, kind, "")["text"], "others don't see this machine"


def test_only_a_visitor_at_this_machine_is_local():
    def request(host: str, **headers: str) -> SimpleNamespace:
        return SimpleNamespace(client=SimpleNamespace(host=host), headers=Headers(headers))

    assert is_local(request("127.0.0.1")) and is_local(request("::1"))
    assert not is_local(request("10.0.0.7"))
    assert not is_local(request("127.0.0.1", **{"x-forwarded-for": "127.0.0.1"}))


def test_the_command_line_refuses_mistakes_in_one_sentence(folder, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("DOODLES_HOME", str(folder.parent))
    for arguments, sentence in (
        (["cat", "--out", "cat.bmp"], "--large makes a large PNG"),
        (["cat", "--large", "--out", "cat.svg"], "--large is for PNG files only"),
        (["cat", "--scale", "2", "--out", "cat.zip"], "--scale is for PNG files only"),
        (["cat", "--transparent", "--out", "cat.svg"], "--transparent is for PNG files only"),
        (["cat", "--look", "ink", "--scale", "2"], "--scale enlarges pixels"),
        (["cat", "--width", "9"], "from 1.5 to 6"),
        (["cat", "--large", "--scale", "2"], "--scale does nothing together with --large"),
        (["--link", "?class=cat", "--seed", "7"], "--seed does nothing together with --link"),
        (["cat", "--keys", "1,2", "--style", "1"], "--style does nothing together with --keys"),
        (["cat", "--keys", "1,2", "--out", "cat.png"], "not a kind of file"),
        ([], "Say what to draw"),
        (["cat", "--count", "99"], "1 to 64"),
        (["--link", "?class=cat&seed=x"], "not a whole number"),
        (["cat", "--style", "a,b"], "commas"),
    ):
        try:
            code = main(arguments)
        except SystemExit as error:  # from argparse
            code = error.code
        assert code == 2 and sentence in capsys.readouterr().err
    assert not list(Path(tmp_path).iterdir())


def test_a_visitors_export_requests_are_checked(sampler):
    assert export_view(sampler, DRAWINGS, "link", "https://example.org/")["text"].startswith(
        "https://example.org/?class=cat"
    )
    for kind, address in (
        ("exe", ""),
        (None, ""),
        (["png"], ""),
        ("png.gif", ""),
        ("link", "javascript:alert(1)"),
        ("link", 7),
    ):
        with pytest.raises(ValueError):
            export_view(sampler, DRAWINGS, kind, address)
