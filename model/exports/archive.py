"""A ZIP of drawings, with a manifest, and the dataset's own text format."""

import hashlib
import io
import json
import zipfile
from collections.abc import Mapping, Sequence

import numpy as np

from model.drawing.latents import Picture
from model.drawing.look import INK, PEN, Look
from model.exports.looks import picture as look_picture
from model.exports.looks import svg, transparent
from model.exports.vector import CREDIT
from model.files.checkpoint import LICENSE, Card
from model.pen.simplified import simplified
from model.pen.strokes import Stroke, trace
from model.quickdraw.classes import slug
from model.quickdraw.images import png, sheet

LARGE_SIZE = 1024  # pixels a side
_ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # always the same, so that the same drawings give the same bytes
_KEY_DIGITS = 16  # of a key_id


def title(picture: Picture) -> str:
    """A picture's description in words, such as "cat, seed 7"."""
    seeds = ", ".join(str(key) for key, _ in picture.mix if not isinstance(key, tuple))
    return f"{picture.class_name}, seed {seeds}" if seeds else f"{picture.class_name}, found by a search"


def ndjson(pictures: Sequence[Picture], drawings: np.ndarray) -> str:
    """Drawings (N, 28, 28) as lines of JSON, each with word, key_id and drawing, as the dataset's simplified files."""
    return "".join(
        ndjson_line(picture.class_name, key_id(picture), trace(drawing))
        for picture, drawing in zip(pictures, drawings, strict=True)
    )


def ndjson_line(word: str, key: str, strokes: Sequence[Stroke]) -> str:
    entry = {"word": word, "key_id": key, "drawing": simplified(strokes)}
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":")) + "\n"


def key_id(content: object) -> str:
    """A number of 16 digits, always the same for the same content, such as a picture."""
    digest = hashlib.sha256(repr(content).encode()).digest()
    return f"{int.from_bytes(digest[:8], 'big') % 10**_KEY_DIGITS:0{_KEY_DIGITS}d}"


def archive(pictures: Sequence[Picture], drawings: np.ndarray, cards: Mapping[str, Card], look: Look) -> bytes:
    """A ZIP with folders: svg/ (outlines), strokes/ (SVGs for plotters), png/ (28 pixels, and large in a look).

    drawings.ndjson holds all strokes. The manifest says how to draw everything again. cards: by class name.
    """
    entries: list[dict[str, object]] = []
    buffer = io.BytesIO()
    pen = Look(PEN, look.width)
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as file:

        def write(name: str, content: bytes | str) -> None:
            file.writestr(zipfile.ZipInfo(name, _ZIP_DATE), content, zipfile.ZIP_DEFLATED)

        for number, (picture, drawing) in enumerate(zip(pictures, drawings, strict=True), 1):
            ((key, _),) = picture.mix
            has_seed = not isinstance(key, tuple)
            name = f"{slug(picture.class_name)}-{number:02d}-{key if has_seed else 'found'}"
            write(f"png/{name}.png", png(sheet(drawing[None], columns=1)))
            large = look_picture(drawing, LARGE_SIZE, look)
            write(f"png/{name}-large.png", png(large))
            write(f"png/{name}-transparent.png", png(transparent(large)))
            write(f"svg/{name}.svg", svg(drawing[None], [title(picture)], Look(INK)))
            write(f"strokes/{name}.svg", svg(drawing[None], [title(picture)], pen))
            entries.append(
                {
                    "files": name,
                    "class": picture.class_name,
                    "seed" if has_seed else "latent": key,
                    "psi": picture.psi,
                    "style": list(picture.style),
                }
            )
        write("strokes/drawings.ndjson", ndjson(pictures, drawings))
        used = {picture.class_name: cards[picture.class_name] for picture in pictures}
        manifest = {
            "generators": [
                {"class": name, "recipe": card.recipe, "checkpoint": card.revision} for name, card in used.items()
            ],
            "license": LICENSE,
            "credit": CREDIT,
            "look": look.name,
            "pen_width": look.width,
            "drawings": entries,
        }
        write("manifest.json", json.dumps(manifest, indent=1, ensure_ascii=False))
    return buffer.getvalue()
