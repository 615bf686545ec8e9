"""Drawings that people bring: a folder with arrays or folders of pictures, or one file of arrays."""

import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from model.quickdraw.arrays import to_dataset
from model.quickdraw.classes import slug
from model.quickdraw.pictures import list_pictures, read_pictures

ARRAYS = ".npz"


def find_own(class_name: str, source: Path) -> Path | None:
    """Where a class's drawings are, None if there are none: `<class>.npy` or a folder of pictures; in an .npz file,
    the array's name below the file's. The latter two may be written in any way that gives the class's file name.

    Raises ValueError for a file that isn't an .npz file.
    """
    if source.suffix == ARRAYS:
        with _open_arrays(source) as arrays:
            places = [source / name for name in arrays.files]
    elif (path := source / f"{class_name}.npy").is_file():
        return path
    else:
        places = sorted(path for path in source.iterdir() if path.is_dir()) if source.is_dir() else []
    return next((place for place in places if slug(place.name) == slug(class_name)), None)


def count_own(place: Path) -> int:
    """About how many drawings there are in a place that `find_own` returned. Raises ValueError and OSError."""
    return len(list_pictures(place)) if place.is_dir() else len(_read_array(place))


def read_own(place: Path, num_rows: int) -> tuple[np.ndarray, list[str]]:
    """The first `num_rows` drawings in such a place, uint8 (N, 28, 28), and what was changed or left out, in words.

    Raises ValueError, whose message continues a sentence that begins with the place, and OSError.
    """
    drawings, notes = read_pictures(place, num_rows) if place.is_dir() else to_dataset(_read_array(place)[:num_rows])
    if not len(drawings):
        raise ValueError("holds blank drawings only")
    return drawings, [f"{len(drawings):,} drawings are used", *notes] if notes or place.is_dir() else []


def _read_array(place: Path) -> np.ndarray:
    if place.parent.suffix == ARRAYS:
        with _open_arrays(place.parent) as arrays:
            return arrays[place.name]
    try:
        return np.load(place, mmap_mode="r")
    except (ValueError, SyntaxError, EOFError, MemoryError, RecursionError) as error:  # NumPy parses its header
        raise ValueError("is not a NumPy file of drawings, or it is cut short") from error


@contextmanager
def _open_arrays(path: Path) -> Iterator[np.lib.npyio.NpzFile]:
    try:
        with np.load(path) as arrays:
            if not isinstance(arrays, np.lib.npyio.NpzFile):
                raise ValueError
            yield arrays
    except (ValueError, EOFError, zipfile.BadZipFile, KeyError) as error:
        raise ValueError("is not a file of arrays of numbers, as numpy.savez writes it") from error
