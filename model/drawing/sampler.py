"""Drawing: pictures asked for in, pixels out."""

import logging
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
import torch
from torch import nn

from model.drawing.latents import Picture, check_seed, latent, seeds_from
from model.drawing.loaded_generator import Loaded, draw, draw_mixed
from model.files.checkpoint import DRAFT, Card, checkpoint_path, load_checkpoint, read_card
from model.files.shared_base import BASE_NAME, Base, read_base
from model.files.weights import CheckpointError
from model.hub.collection import Collection
from model.quickdraw.classes import CLASS_NAMES, find_class
from model.quickdraw.images import to_drawings

MAX_PICTURES = 64

log = logging.getLogger(__name__)


class NoGeneratorError(ValueError):
    """A class of the dataset that nobody has trained here yet."""


class Sampler:
    """Draws with the checkpoints of some folders, the earlier ones first, then of a collection on the Hub.

    Other classes are drafts, drawn by the base.

    Files are looked up anew at every call, so a checkpoint that appears, changes or breaks while this runs is noticed;
    a broken one is logged and left out. Thread-safe. At most `max_loaded` generators stay in memory.
    """

    def __init__(
        self,
        folders: Sequence[Path],
        device: str = "cpu",
        max_loaded: int = 32,
        collection: Collection | None = None,
    ):
        self.folders, self.device, self.max_loaded = [Path(folder) for folder in folders], device, max_loaded
        self.collection = collection
        self._lock, self._base_lock = threading.Lock(), threading.Lock()
        self._loaded: OrderedDict[tuple, Loaded] = OrderedDict()
        self._headers: dict[tuple, Card | Base | CheckpointError] = {}
        self._base: tuple[tuple, Base] | None = None
        self._drafts: tuple[Base | None, dict[str, Card]] = None, {}

    def cards(self) -> dict[str, Card]:
        """What can be drawn: class name to card, those with a checkpoint of their own first."""
        cards = self._cards_of_folders()
        for name, card in (self.collection.cards() if self.collection else {}).items():
            cards.setdefault(name, card)
        if base := self._base_header():
            known, drafts = self._drafts
            if known is not base:
                drafts = {class_name: _draft_card(base, class_name) for class_name in CLASS_NAMES}
                self._drafts = base, drafts
            cards |= {name: draft for name, draft in drafts.items() if name not in cards}
        return cards

    def collection_of(self, class_names: Iterable[str]) -> str:
        """The collection that any of these classes comes from, as DOODLES_HUB names it; empty if none does."""
        return self.collection.pinned if self._of_collection(class_names) else ""

    def find(self, text: str) -> str:
        """The name, among what can be drawn, that `text` means.

        Raises UnknownClassError, NoGeneratorError, or CheckpointError when its only file is unusable.
        """
        drawable = tuple(self.cards())
        for name in (text, str(text).replace(" ", "+")):  # a link may have lost the plus of a mixture
            if name in drawable:
                return name
        name = find_class(text, tuple(dict.fromkeys((*drawable, *CLASS_NAMES))))
        if name not in drawable:
            for path in self._paths(name):
                if isinstance(unusable := self._header(path), CheckpointError):
                    raise unusable
            raise NoGeneratorError(f"Nobody has trained “{name}” here yet; train it, or pick one that is trained.")
        return name

    def draw(self, pictures: Sequence[Picture]) -> np.ndarray:
        """Drawings uint8 (len(pictures), 28, 28), in order. Raises ValueError with a sentence for the person asking."""
        if not 1 <= len(pictures) <= MAX_PICTURES:
            raise ValueError(f"{len(pictures)} drawings were asked for; ask for 1 to {MAX_PICTURES} at a time.")
        drawings = np.empty((len(pictures), 28, 28), np.uint8)
        generators = dict.fromkeys(map(_drawn_by, pictures))
        names = dict.fromkeys(name for pair in generators for name in pair if name)
        if len(names) > 1 and (remote := self._of_collection(names)):
            self.collection.fetch(remote)
        for class_name, into in generators:
            places = [place for place, picture in enumerate(pictures) if _drawn_by(picture) == (class_name, into)]
            wanted, loaded = [pictures[place] for place in places], self._load(class_name)
            if into is None:
                drawings[places] = draw(loaded, wanted, self.device)
            else:
                drawings[places] = draw_mixed(loaded, self._load(into), wanted, self.device)
        return drawings

    def draw_all(self, pictures: Sequence[Picture]) -> np.ndarray:
        """As `draw`, any number of them; whoever asks sets a limit."""
        firsts = range(0, len(pictures), MAX_PICTURES)
        return np.concatenate([self.draw(pictures[first : first + MAX_PICTURES]) for first in firsts])

    def draw_drafts(self, class_names: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
        """A draft of each class, uint8 (N, 28, 28), all by the base at once: as `draw` shows them, to a grey level.

        Quicker than `draw`, which takes each class out of the base first. Raises NoGeneratorError, CheckpointError.
        """
        path = next((path for path in self._bases() if isinstance(self._header(path), Base)), None)
        if path is None:
            raise NoGeneratorError("There is no base here that could draw drafts.")
        base = self._read_base(path)
        generator = self._kept((*_revision(path), ""), lambda: Loaded(_draft_card(base, ""), base.generator_of_all()))
        z = torch.from_numpy(np.stack([latent([(seed, 1.0)], generator.generator.z_dim) for seed in seeds]))
        classes = torch.tensor([CLASS_NAMES.index(class_name) for class_name in class_names])
        with torch.inference_mode():
            return to_drawings(generator.generator(z, classes))

    def generator(self, class_name: str) -> nn.Module:
        """The network that draws a class, ready to use and not to be trained. Raises ValueError with a sentence."""
        return self._load(class_name).generator

    def _cards_of_folders(self) -> dict[str, Card]:
        cards: dict[str, Card] = {}
        for folder in self.folders:
            for path in sorted(folder.glob("[!_]*.safetensors")):
                if path.is_file() and isinstance(card := self._header(path), Card):
                    cards.setdefault(card.class_name, card)
        return cards

    def _of_collection(self, class_names: Iterable[str]) -> list[str]:
        """Those of the classes that the collection has, and no folder."""
        if not self.collection:
            return []
        listed, at_hand = self.collection.cards(), self._cards_of_folders()
        return [name for name in class_names if name in listed and name not in at_hand]

    def _load(self, class_name: str) -> Loaded:
        """The generator of a class: of the first folder or collection with a sound checkpoint, or the base's draft."""
        class_name = self.find(class_name)
        failure: CheckpointError | None = None
        paths = [path for path in self._paths(class_name) if isinstance(self._header(path), Card)]
        if not paths and self.collection and class_name in self.collection.cards():
            try:
                paths = [self.collection.path(class_name)]
            except CheckpointError as error:
                failure = error
        if class_name in CLASS_NAMES:
            paths += [path for path in self._bases() if isinstance(self._header(path), Base)]
        for path in paths:
            try:
                revision = _revision(path)
                return self._kept((*revision, class_name), lambda path=path: self._read(path, class_name))
            except OSError as error:
                failure = failure or CheckpointError(f"{path.name} can't be read ({error.strerror}).")
            except CheckpointError as error:
                self._remember_unless_transient(revision, error)
                failure = failure or error
        raise failure or NoGeneratorError(f"The checkpoint of “{class_name}” has just gone; pick another class.")

    def _kept(self, key: tuple, read: Callable[[], Loaded]) -> Loaded:
        """What is in memory under a key (path, ..., class name), or what `read` brings there."""
        with self._lock:
            if key in self._loaded:
                self._loaded.move_to_end(key)
                return self._loaded[key]
        loaded = read()
        with self._lock:
            for stale in [other for other in self._loaded if (other[0], other[-1]) == (key[0], key[-1])]:
                del self._loaded[stale]
            self._loaded[key] = loaded
            while len(self._loaded) > self.max_loaded:
                self._loaded.popitem(last=False)
        return loaded

    def _read(self, path: Path, class_name: str) -> Loaded:
        if path.name == BASE_NAME:
            base = self._read_base(path)
            card, generator = _draft_card(base, class_name), base.generator_of(class_name)
        else:
            card, generator = load_checkpoint(path)
        return Loaded(card, generator.to(self.device))

    def _read_base(self, path: Path) -> Base:
        """The whole base; it stays in memory, since any of 345 classes may be next."""
        revision = _revision(path)
        with self._base_lock:
            if self._base is None or self._base[0] != revision:
                self._base = revision, read_base(path)
            return self._base[1]

    def _paths(self, class_name: str) -> Iterable[Path]:
        return (path for folder in self.folders if (path := checkpoint_path(folder, class_name)).exists())

    def _base_header(self) -> Base | None:
        """What the first usable base says about itself; the weights stay on disk."""
        headers = map(self._header, self._bases())
        return next((header for header in headers if isinstance(header, Base)), None)

    def _bases(self) -> Iterable[Path]:
        return (path for folder in self.folders if (path := folder / BASE_NAME).exists())

    def _header(self, path: Path) -> Card | Base | CheckpointError | None:
        """The card of a file, the base's header, what is wrong with it (logged once), or None if it has gone."""
        try:
            key = _revision(path)
        except OSError:
            return None
        if key not in self._headers:
            try:
                self._headers[key] = read_base(path, False) if path.name == BASE_NAME else read_card(path)
            except CheckpointError as error:
                self._remember_unless_transient(key, error)
                return error
        return self._headers[key]

    def _remember_unless_transient(self, revision: tuple, error: CheckpointError) -> None:
        """Remember what is wrong with a file."""
        log.warning("%s", error)
        if not error.is_transient:
            self._headers[revision] = error


def seeds_to_pictures(class_name: str, seed: int, count: int = 1, psi: float = 1.0) -> list[Picture]:
    """`count` pictures with consecutive seeds; after the last seed comes 0. Raises ValueError."""
    if type(count) is not int or not 1 <= count <= MAX_PICTURES:
        raise ValueError(f"{str(count)[:40]} drawings were asked for; ask for 1 to {MAX_PICTURES} at a time.")
    return [Picture(class_name, ((each, 1.0),), psi) for each in seeds_from(check_seed(seed), count)]


def limit_threads(num_threads: int) -> None:
    """How many threads one drawing or training step may use in this process. For entry points only."""
    torch.set_num_threads(num_threads)


def pick_device(wanted: str | None = None) -> str:
    """The GPU where there is one, or what is wanted. For entry points only. Raises ValueError."""
    if wanted == "cuda" and not torch.cuda.is_available():
        raise ValueError("There is no GPU that PyTorch can use here; leave --device out.")
    device = wanted or ("cuda" if torch.cuda.is_available() else "cpu")
    torch.backends.cudnn.allow_tf32 = False  # a drawing has to be the same as on a CPU; training is free to be quicker
    return device


def _draft_card(base: Base, class_name: str) -> Card:
    """What can be said of a class that only the base knows."""
    rows = {class_name: base.rows.get(class_name, 0)}
    return Card(class_name, base.generator, DRAFT, base.images_seen, rows, "folder", base.attribution)


def _drawn_by(picture: Picture) -> tuple[str, str | None]:
    """Whose generator draws a picture: a class's, or one between those of two classes."""
    if picture.into is None or picture.share in (0, 1):
        return (picture.into if picture.into and picture.share else picture.class_name), None
    return picture.class_name, picture.into


def _revision(path: Path) -> tuple:
    stat = path.stat()
    return str(path), stat.st_mtime_ns, stat.st_size
