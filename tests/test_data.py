"""Real drawings arrive whole and in few bytes, or an error says in one sentence why not."""

import errno
import re
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.harness.drawings import REAL_DRAWINGS, suns, write_class
from train.data import DataError, count_drawings, load_drawings

ROW = 784


@pytest.fixture
def cache(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda seconds: None)


def fetch(mirror, cache: Path, num_rows: int = 50, class_name: str = "sun", **options) -> np.ndarray:
    return load_drawings(class_name, num_rows, mirror.url, cache, **options)


def expected(num_rows: int) -> np.ndarray:
    return suns(300)[:num_rows]


def leftovers(cache: Path) -> list[str]:
    return [path.name for path in cache.rglob("*") if path.suffix in (".npy", ".part")]


def test_only_the_header_and_the_first_rows_are_downloaded(mirror, cache):
    assert np.array_equal(fetch(mirror, cache, 50), expected(50))
    assert mirror.sent == 128 + 50 * ROW
    assert all(byte_range.startswith("bytes=") for _, byte_range in mirror.requests)


def test_cached_rows_need_no_request(mirror, cache):
    fetch(mirror, cache)
    before = len(mirror.requests)
    assert np.array_equal(fetch(mirror, cache, 30), expected(30))
    assert len(mirror.requests) == before


def test_asking_for_more_rows_fetches_only_the_missing_ones(mirror, cache):
    fetch(mirror, cache, 50)
    mirror.sent = 0
    assert np.array_equal(fetch(mirror, cache, 80), expected(80))
    assert mirror.sent == 30 * ROW


def test_a_class_with_fewer_drawings_gives_all_it_has(mirror, cache):
    assert len(fetch(mirror, cache, 10_000)) == 300


def test_names_with_spaces_and_capitals_are_found(mirror, cache):
    assert len(fetch(mirror, cache, 100, "The Mona Lisa")) == 20
    assert len(fetch(mirror, cache, 100, "stop sign")) == 40


def test_a_broken_download_continues_where_it_broke(mirror, cache):
    mirror.faults = ["", "cut:10000", "cut:9000", "503"]
    assert np.array_equal(fetch(mirror, cache, 50), expected(50))
    assert mirror.sent == 128 + 50 * ROW, "no byte was sent twice"


def test_the_next_try_continues_what_a_dead_server_sent(mirror, cache):
    mirror.faults = ["", "cut:10000"] + ["503"] * 10
    with pytest.raises(DataError, match="could not be fetched"):
        fetch(mirror, cache)
    mirror.faults, mirror.sent = [], 0
    assert np.array_equal(fetch(mirror, cache, 50), expected(50))
    assert mirror.sent == 128 + 50 * ROW - 10128


def test_a_server_without_ranges_is_read_from_its_start(mirror, cache, caplog):
    mirror.faults = ["no-range"] * 5
    assert np.array_equal(fetch(mirror, cache, 50), expected(50))
    assert "doesn't support range requests" in caplog.text


@pytest.mark.parametrize(
    ("faults", "sentence"),
    [
        (["404"], r"has no drawings of “sun” \(404\)"),
        (["html"], "sent a web page"),
        (["wrong-part"], "the wrong part"),
        (["liar"], "header promises"),
        (["503"] * 10, "it answered with error 503"),
    ],
)
def test_every_misbehaviour_has_its_own_error_and_leaves_the_cache_clean(mirror, cache, faults, sentence):
    mirror.faults = faults
    with pytest.raises(DataError, match=sentence):
        fetch(mirror, cache)
    assert not [name for name in leftovers(cache) if name.endswith(".npy")]
    mirror.faults = []
    assert np.array_equal(fetch(mirror, cache), expected(50))


def test_a_served_file_shorter_than_its_header_is_refused(mirror, drawings_folder, cache):
    path = drawings_folder / "sun.npy"
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(DataError, match="header promises"):
        fetch(mirror, cache)


def test_a_served_file_of_another_kind_is_refused(mirror, drawings_folder, cache):
    np.save(drawings_folder / "sun.npy", np.zeros((300, 784), np.float32))
    with pytest.raises(DataError, match="float32"):
        fetch(mirror, cache)
    (drawings_folder / "sun.npy").write_bytes(b"x" * 5000)
    with pytest.raises(DataError, match="not a NumPy file"):
        fetch(mirror, cache)
    assert not leftovers(cache)


def test_after_any_damaged_header_byte_the_next_try_starts_over(mirror, drawings_folder, cache):
    path = drawings_folder / "sun.npy"
    content = path.read_bytes()
    for place, byte in ((60, b"\\"), (20, b"("), (30, b"\0"), (14, b"'")):
        path.write_bytes(content[:place] + byte + content[place + 1 :])
        with pytest.raises(DataError, match="is not a NumPy file"):
            fetch(mirror, cache)
    path.write_bytes(content)
    assert np.array_equal(fetch(mirror, cache), expected(50))


def test_a_file_that_changed_on_the_server_is_not_mixed_with_the_old_one(mirror, drawings_folder, cache):
    fetch(mirror, cache, 50)
    write_class(drawings_folder, "sun", suns(200, 9))
    with pytest.raises(DataError, match="header promises"):
        fetch(mirror, cache, 80)
    assert np.array_equal(fetch(mirror, cache, 50), expected(50)), "the complete part is kept"


def test_a_damaged_cache_is_downloaded_again(mirror, cache):
    fetch(mirror, cache, 50)
    (path,) = cache.rglob("*.npy")
    path.write_bytes(bytes(path.stat().st_size))
    assert np.array_equal(fetch(mirror, cache, 50), expected(50))


@pytest.mark.parametrize(
    "convert, note",
    [
        (lambda drawings: np.asfortranarray(drawings.reshape(-1, 784)), ""),
        (lambda drawings: drawings, ""),
        (lambda drawings: drawings[:, None].astype(np.int64), ""),
        (lambda drawings: drawings.astype(np.float32) / 255, "values up to 1 were read as ink from 0 to 255"),
        (lambda drawings: drawings.astype(np.float64), ""),
        (lambda drawings: (255 - drawings).reshape(-1, 784), "black on white was turned into white on black"),
        (lambda drawings: 1 - drawings[..., None] / 255, "values up to 1 .*; black on white was turned"),
        (
            lambda drawings: np.concatenate([drawings, drawings[:3] * 0.0]),
            "12 drawings are used; left out 3 that are blank",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_arrays_are_read_as_people_have_them(tmp_path, caplog, convert, note, kind):
    array = convert(suns(12))
    if kind == "npy":
        np.save(tmp_path / "stop sign.npy", array)
        source = str(tmp_path)
    else:
        source = str(tmp_path / "mine.npz")
        np.savez_compressed(source, **{"Stop_Sign": array})
    assert np.array_equal(load_drawings("stop sign", 50, source), suns(12))
    assert re.search(note, caplog.text) if note else not caplog.text
    assert count_drawings("stop sign", source) == len(array)
    with pytest.raises(DataError, match=r"There is no (file|array) “moon"):
        load_drawings("moon", 50, source)


@pytest.mark.parametrize("dtype", [bool, np.uint8, np.float32])
def test_drawings_of_zeros_and_ones_are_read_as_full_ink(tmp_path, caplog, dtype):
    lines = suns(12) > 127
    np.save(tmp_path / "sun.npy", lines.reshape(-1, 784).astype(dtype))
    assert np.array_equal(load_drawings("sun", 10, str(tmp_path)), lines[:10] * np.uint8(255))
    assert "values up to 1 were read as ink from 0 to 255" in caplog.text


@pytest.mark.parametrize(
    "array, sentence",
    [
        (np.zeros((5, 32, 32)), r"“sun\.npy” holds float64 \(5, 32, 32\), but drawings are numbers"),
        (np.full((5, 784), 300), "holds values from 300 to 300"),
        (np.full((5, 784), np.nan), "holds values from nan to nan"),
        (np.zeros((5, 784)), "holds blank drawings only"),
        (np.array(["a"]), "holds <U1"),
    ],
)
def test_an_array_without_drawings_is_refused_in_a_sentence(tmp_path, array, sentence):
    np.save(tmp_path / "sun.npy", array)
    with pytest.raises(DataError, match=sentence):
        load_drawings("sun", 10, str(tmp_path))


def test_a_folder_of_pictures_becomes_drawings_like_the_datasets(tmp_path, caplog):
    """In any size, on white, black or nothing; what can't be used is counted and named."""
    folder = tmp_path / "Stop-Sign"
    folder.mkdir()
    for number, (drawing, suffix) in enumerate(zip(suns(6), ("png", "PNG", "webp", "bmp", "png", "png"), strict=True)):
        ink = Image.fromarray(drawing).resize((280, 280), Image.Resampling.BICUBIC)
        paper = Image.new("L", (700, 400), 0)
        paper.paste(ink, (30 * number, 50))
        picture = paper if number % 2 else Image.eval(paper, lambda grey: 255 - grey)
        if number == 4:  # black ink on nothing
            picture = Image.merge("LA", (Image.new("L", paper.size, 0), paper))
        picture.save(folder / f"{number}.{suffix}")
    Image.new("RGB", (50, 50), "white").save(folder / "blank.png")
    (folder / "broken.png").write_bytes(b"no picture")
    (folder / "notes.txt").touch()
    drawings = load_drawings("stop sign", 50, str(tmp_path))
    assert drawings.shape == (6, 28, 28) and drawings.dtype == np.uint8 and drawings.max() == 255
    assert "6 drawings are used; left out 2 (blank.png: blank, broken.png: not a picture)" in caplog.text
    for drawing, original in zip(drawings, suns(6), strict=True):
        rows, columns = np.flatnonzero((drawing > 60).any(1)), np.flatnonzero((drawing > 60).any(0))
        assert 23 <= max(np.ptp(rows), np.ptp(columns)) + 1 <= 26, "as large as the dataset's"
        assert abs(rows[0] + rows[-1] - 27) <= 2 and abs(columns[0] + columns[-1] - 27) <= 2, "and centred"
        ink = [
            each[np.ix_(*(np.arange(line.min(), line.max() + 1) for line in np.nonzero(each > 60)))]
            for each in (drawing, original)
        ]
        same = [np.asarray(Image.fromarray(each).resize((20, 20)), float).ravel() for each in ink]
        assert np.corrcoef(*same)[0, 1] > 0.8, "and the same drawing"
    assert count_drawings("stop sign", str(tmp_path)) == 8
    for path in folder.glob("[0-9]*"):
        path.unlink()
    with pytest.raises(DataError, match="“Stop-Sign” holds no picture with a drawing"):
        load_drawings("stop sign", 50, str(tmp_path))


def test_a_file_that_only_claims_to_hold_arrays_is_refused(tmp_path):
    path = tmp_path / "mine.npz"
    for content in (b"", b"nothing of the kind", b"PK\x03\x04"):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"“mine\.npz” is not a file of arrays"):
            load_drawings("sun", 10, str(path))
    np.savez(path, sun=np.array([{}], object))
    with pytest.raises(DataError, match="is not a file of arrays of numbers"):
        load_drawings("sun", 10, str(path))


def test_no_network_gives_an_error_in_one_sentence(cache):
    with pytest.raises(DataError, match="no connection"):
        load_drawings("sun", 10, "http://127.0.0.1:9/", cache)


def test_a_full_disk_gives_one_sentence_and_frees_the_space(mirror, cache, monkeypatch):
    real_open = Path.open

    def full(path: Path, mode: str = "r", *rest):
        file = real_open(path, mode, *rest)
        if mode == "ab":
            file = _FullDisk(file)
        return file

    monkeypatch.setattr(Path, "open", full)
    with pytest.raises(DataError, match="No space left"):
        fetch(mirror, cache)
    assert not leftovers(cache)


class _FullDisk:
    def __init__(self, file):
        self.file = file

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.file.close()

    def write(self, chunk):
        raise OSError(errno.ENOSPC, "No space left on device")


def test_progress_is_reported_in_bytes(mirror, cache):
    progress = []
    fetch(mirror, cache, 200, on_bytes=lambda *counts: progress.append(counts))
    assert progress[-1] == (128 + 200 * ROW,) * 2
    assert progress == sorted(progress)


def test_a_folder_is_a_source(tmp_path):
    write_class(tmp_path, "sun", suns(12))
    assert np.array_equal(load_drawings("sun", 10, str(tmp_path)), suns(12)[:10])
    with pytest.raises(DataError, match=r"no file “moon\.npy”"):
        load_drawings("moon", 10, str(tmp_path))


def test_a_truncated_file_in_a_folder_is_refused(tmp_path):
    path = write_class(tmp_path, "sun", suns(12))
    path.write_bytes(path.read_bytes()[:-784])
    with pytest.raises(DataError, match="cut short: it holds 11 of 12"):
        load_drawings("sun", 12, str(tmp_path))


@pytest.mark.skipif(not REAL_DRAWINGS.is_dir(), reason="no real drawings on this machine")
def test_real_drawings_arrive_unchanged_over_http(cache):
    from benchmarks.harness.mirror import Mirror

    with Mirror(REAL_DRAWINGS) as mirror:
        assert np.array_equal(
            load_drawings("t-shirt", 40, mirror.url, cache), load_drawings("t-shirt", 40, str(REAL_DRAWINGS))
        )
