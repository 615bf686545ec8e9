"""What differs from machine to machine is no obstacle: encodings, proxies, permissions, addresses with passwords."""

import errno
import io
import os
import stat
import sys
from pathlib import Path

import httpx
import numpy as np
import pytest

from benchmarks.harness.drawings import suns
from benchmarks.harness.site import free_port
from model.__main__ import main as draw
from model.drawing.sampler import Sampler
from model.files.checkpoint import load_checkpoint
from model.files.writing import write_file
from model.hub.client import client, download, head
from model.hub.errors import HubError, hub_errors
from model.system.proxies import prepare_proxies
from model.system.terminal import write_anywhere
from tests.support.samples import make_checkpoint, odd_name
from train.cli.main import main as train
from train.data import DataError, load_drawings
from train.home import Home
from train.quality.doodlenet_file import DoodleNetError, load_doodlenet
from train.runs.order import Order
from train.tracking.sending import tracking_uri

NOWHERE = "http://127.0.0.1:9"
SECRET = "s3cret"
WITH_PASSWORD = f"http://me:{SECRET}@127.0.0.1:9/drawings/"


@pytest.fixture
def proxies(monkeypatch):
    """Sets the proxies of the environment, and nothing else is set."""
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        monkeypatch.delenv(name)
    for name in ("no_proxy", "NO_PROXY"):  # so that they are gone after the test
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    return lambda **variables: [monkeypatch.setenv(name, value) for name, value in variables.items()]


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [
        ("ascii", '"Na\\xefve..." -> \udcfc'),
        ("cp1252", "“Naïve…” -> \udcfc"),
        ("gbk", "“Na\\xefve…” → \udcfc"),
        ("utf-8", "“Naïve…” → \udcfc"),
    ],
)
def test_a_terminal_without_a_character_shows_another_instead_of_failing(monkeypatch, encoding, shown):
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr(sys, "stdout", stream)
    write_anywhere()
    print("“Naïve…” → \udcfc", end="", flush=True)  # the last is a byte of a path that Python can't decode
    assert stream.buffer.getvalue() == shown.encode(encoding, "surrogateescape")


def test_the_app_starts_on_a_machine_too_busy_to_answer_at_once(monkeypatch, tmp_path):
    import gradio as gr

    import app

    def too_late(*_: object, **__: object) -> None:
        raise httpx.ReadTimeout("The page takes too long.")

    monkeypatch.setenv("DOODLES_HOME", str(tmp_path))
    monkeypatch.setenv("GRADIO_SERVER_PORT", str(free_port()))
    monkeypatch.setattr(httpx, "head", too_late)
    monkeypatch.setattr(gr.Blocks, "block_thread", lambda page: None)
    for background in ("keep_worker_running", "push_in_background"):
        monkeypatch.setattr(app, background, lambda home: None)
    with gr.Blocks() as page:
        gr.HTML("Hello")
    app.launch(page, Sampler([]))
    try:
        assert "Hello" in httpx.get(page.local_url, timeout=60).text
    finally:
        page.close(verbose=False)


def test_a_proxy_is_never_asked_for_this_machine(proxies, mirror, hub, tmp_path):
    proxies(http_proxy=NOWHERE, all_proxy="socks5://127.0.0.1:9", NO_PROXY="intranet.example")
    prepare_proxies()
    assert os.environ["no_proxy"].split(",")[0] == "intranet.example"
    assert np.array_equal(load_drawings("sun", 10, mirror.url, tmp_path), suns(300)[:10])
    hub.create()
    assert head(client(), "you/doodles")


@pytest.mark.parametrize("proxy", ["ftp://127.0.0.1:9", "http://[x:9", f"nonsense://me:{SECRET}@h", "socks4://h"])
def test_an_unusable_proxy_is_one_sentence_without_its_password(proxies, capsys, proxy):
    proxies(https_proxy=proxy)
    for main in (draw, train):
        assert main(["cat"]) == 2
        said = capsys.readouterr().err
        assert "https_proxy is not the address of a proxy" in said and said.count("\n") == 1 and SECRET not in said
    proxies(https_proxy=NOWHERE, no_proxy="[::1")
    assert draw(["cat"]) == 2 and "no_proxy is not a list of hosts" in capsys.readouterr().err


def test_a_dead_proxy_is_named(proxies, monkeypatch, tmp_path):
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    proxies(https_proxy="http://127.0.0.1:9", all_proxy="socks5://127.0.0.1:9", HF_ENDPOINT="https://hub.example")
    with pytest.raises(DataError, match="check the network, the proxy in https_proxy"):
        load_drawings("sun", 10, "https://mirror.example/", tmp_path)
    with pytest.raises(DataError, match="check the network, the proxy in all_proxy"):
        load_drawings("sun", 10, "http://mirror.example/", tmp_path)
    with pytest.raises(HubError, match="check the connection and the proxy in https_proxy"):
        head(client(), "you/doodles")


@pytest.mark.parametrize(
    "source, sentence",
    [
        (WITH_PASSWORD, "may not hold a name or a password"),
        (f"http://me:{SECRET}/x@127.0.0.1/", "isn't valid"),
        (f"http://127.0.0.1/?token={SECRET}", "without “\\?” and “#”"),
        ("s3://bucket/drawings", "can't come from s3://"),
        ("file://server/drawings", "begins with file:///"),
    ],
)
def test_an_unsupported_address_is_one_sentence_without_its_password(monkeypatch, capsys, tmp_path, source, sentence):
    monkeypatch.setenv("DOODLES_HOME", str(tmp_path))
    with pytest.raises(ValueError, match=sentence) as raised:
        Home(tmp_path, source).with_source(source)
    assert train(["sun", "--data", source, "--steps", "1"]) == 2
    said = capsys.readouterr().err
    assert SECRET not in str(raised.value) + said and said.count("\n") == 1
    assert not list(tmp_path.iterdir()), "nothing is stored"
    monkeypatch.setenv("DOODLES_SOURCE", source)
    assert train(["sun", "--steps", "1"]) == 2 and SECRET not in capsys.readouterr().err
    with pytest.raises(ValueError):  # as an older version stored it
        load_drawings("sun", 10, source, tmp_path)


def test_addresses_with_umlauts_spaces_and_files_work(mirror, drawings_folder, tmp_path):
    odd = tmp_path / odd_name()
    drawings_folder.rename(odd)
    mirror.folder = odd
    assert len(load_drawings("stop sign", 30, mirror.url + "Ümläut/a b/", tmp_path)) == 30
    assert Home(tmp_path).with_source(odd.as_uri()).source == str(odd)
    assert Home(tmp_path).with_source(f"file://{odd}").source == str(odd)


def test_the_password_for_a_server_comes_from_netrc(mirror, monkeypatch, tmp_path):
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    (tmp_path / "netrc").write_text(f"machine 127.0.0.1 login me password {SECRET}\n", encoding="utf-8")
    mirror.password = httpx.BasicAuth("me", SECRET)._auth_header
    assert len(load_drawings("sun", 10, mirror.url, tmp_path)) == 10
    (tmp_path / "netrc").write_text("", encoding="utf-8")
    with pytest.raises(DataError, match=r"wants a name and password \(401\); put them into the file ~/.netrc"):
        load_drawings("stop sign", 10, mirror.url, tmp_path)
    (tmp_path / "netrc").write_text("machine", encoding="utf-8")
    with pytest.raises(DataError, match=r"passwords in .* can't be read"):
        load_drawings("stop sign", 10, mirror.url, tmp_path)


def test_no_error_of_doodlenet_or_mlflow_shows_a_password(monkeypatch, capsys, tmp_path):
    monkeypatch.setenv("DOODLES_DOODLENET", WITH_PASSWORD)
    with pytest.raises(DoodleNetError, match=r"http://127\.0\.0\.1:9/drawings/") as raised:
        load_doodlenet(Home(tmp_path))
    monkeypatch.setenv("DOODLES_HOME", str(tmp_path))
    monkeypatch.setenv("DOODLES_MLFLOW", WITH_PASSWORD)
    monkeypatch.setattr("train.cli.run_commands.Store", lambda uri, home: (_ for _ in ()).throw(OSError(uri)))
    assert train(["track"]) == 2
    assert SECRET not in str(raised.value) + capsys.readouterr().err


def test_mlflows_file_is_in_the_home_or_nowhere(monkeypatch, tmp_path):
    monkeypatch.setenv("DOODLES_MLFLOW", "1")
    assert tracking_uri(Home(tmp_path / "ä b#c")) == f"sqlite:///{tmp_path}/ä b#c/mlflow.db"
    for name in ("what?", "100%25"):
        with pytest.raises(ValueError, match="can't keep its database"):
            tracking_uri(Home(tmp_path / name))


@pytest.mark.parametrize(("umask", "mode"), [(0o022, 0o644), (0o077, 0o600), (0o002, 0o664)])
def test_files_have_the_permissions_that_the_umask_leaves(tmp_path, umask, mode):
    before = os.umask(umask)
    try:
        write_file(tmp_path / "file", b"content")
        write_file(tmp_path / "salt", b"content", mode=0o600)
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "file").stat().st_mode) == mode
    assert stat.S_IMODE((tmp_path / "salt").stat().st_mode) == 0o600


def test_a_file_may_have_any_name_that_the_system_allows(tmp_path):
    path = tmp_path / ("x" * 255)
    write_file(path, b"content")
    assert path.read_bytes() == b"content" and list(tmp_path.iterdir()) == [path]


def test_windows_may_have_the_old_file_open_for_a_moment(monkeypatch, tmp_path):
    """Emulated: there, a rename fails until the last reader has closed the file."""
    path, rename, refusals = tmp_path / "file", Path.replace, iter([True, True, False])

    def replace(self: Path, target: Path) -> Path:
        if next(refusals):
            raise PermissionError(errno.EACCES, "The file is in use", str(self))
        return rename(self, target)

    monkeypatch.setattr(Path, "replace", replace)
    monkeypatch.setattr("model.files.writing._IS_WINDOWS", True)
    write_file(path, b"content")
    assert path.read_bytes() == b"content" and list(tmp_path.iterdir()) == [path]


def test_windows_flushes_only_what_may_be_written(monkeypatch, mirror, tmp_path):
    """Emulated: there, flushing a file that is open for reading fails."""
    fcntl, flush = pytest.importorskip("fcntl"), os.fsync

    def fsync(handle: int) -> None:
        if fcntl.fcntl(handle, fcntl.F_GETFL) & os.O_ACCMODE == os.O_RDONLY:
            raise OSError(errno.EBADF, os.strerror(errno.EBADF))
        flush(handle)

    monkeypatch.setattr(os, "fsync", fsync)
    assert len(load_drawings("sun", 10, mirror.url, tmp_path)) == 10
    make_checkpoint(tmp_path)


@pytest.mark.parametrize("name", ["con", "NUL", "Com1", "lpt9"])
def test_no_checkpoint_has_a_name_that_windows_keeps_for_a_device(name, tmp_path):
    with pytest.raises(ValueError, match="for a device"):
        Order(name, ("cat",), str(tmp_path), num_steps=1)


def test_weights_are_read_from_folders_whose_names_are_not_utf8(tmp_path):
    """As on systems with old encodings, where safetensors refuses to open such a file by its name."""
    folder = tmp_path / os.fsdecode("Ü".encode("latin-1"))
    card, _ = load_checkpoint(make_checkpoint(folder, "cat"))
    assert card.class_name == "cat"


def test_an_output_file_has_any_case_and_an_unwritable_one_is_named(capsys, tmp_path):
    assert draw(["cat", "--out", str(tmp_path / "CAT.PNG")]) == 0
    (tmp_path / "file").touch()
    for out in (tmp_path / "file" / "cat.png", tmp_path / f"{'x' * 300}.png"):
        capsys.readouterr()
        assert draw(["cat", "--out", str(out)]) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"python -m model: {out} can't be written (") and ".tmp" not in said


def test_a_cache_of_the_hub_that_cant_be_written_is_named(hub, monkeypatch, tmp_path):
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path))
    for number in (errno.EACCES, errno.EROFS, errno.ENOSPC):
        with (
            pytest.raises(HubError, match=rf"can't be kept in {tmp_path} .*set HF_HOME to a folder"),
            hub_errors("cat of you/doodles"),
        ):
            raise OSError(number, os.strerror(number), str(tmp_path / "hub"))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_an_empty_read_only_cache_of_the_hub_is_named(hub, monkeypatch, tmp_path):
    hub.create().add("main", "any", {"index.json": b"{}"})
    (tmp_path / "cache").mkdir(mode=0o555)
    monkeypatch.setattr("huggingface_hub.constants.HF_HOME", str(tmp_path / "cache"))
    with pytest.raises(HubError, match="set HF_HOME to a folder that"):
        download(client(), "you/doodles", "index.json", "main", 100, tmp_path / "cache" / "hub")
