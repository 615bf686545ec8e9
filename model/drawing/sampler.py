"""Pictures in, pixels out: finds the right generators, keeps the latest in memory, and draws."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
import torch

from model.drawing.available import AvailableGenerators, NoGeneratorError, Revision, draft_card, revision_of
from model.drawing.latents import MAX_PICTURES, Picture, latent
from model.drawing.loaded_generator import Loaded, draw, draw_mixed, moved_latent
from model.drawing.recogniser import Recogniser
from model.files.checkpoint import Card, load_checkpoint
from model.files.shared_base import BASE_NAME, Base, read_base
from model.files.weights import CheckpointError
from model.hub.collection import Collection
from model.networks.generator_network import GeneratorNetwork
from model.quickdraw.classes import CLASS_NAMES
from model.quickdraw.images import to_drawings


class Sampler:
    """Draws with the checkpoints in some folders, then those of a collection, then the base's drafts.

    It notices files that appear, change or break while it runs (see `AvailableGenerators`). Thread-safe. At most
    `max_loaded` generators stay in memory.
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
        self.recogniser = Recogniser(self.folders, device)
        self._available = AvailableGenerators(self.folders, collection)
        self._lock, self._base_lock = threading.Lock(), threading.Lock()
        self._loaded: OrderedDict[tuple[Revision, str], Loaded] = OrderedDict()  # least recently used first
        self._base: tuple[Revision, Base] | None = None

    def cards(self) -> dict[str, Card]:
        """What can be drawn: class name to card, drafts last."""
        return self._available.cards()

    def trained_cards(self) -> dict[str, Card]:
        """The cards of all classes with a checkpoint of their own, without drafts."""
        return {name: card for name, card in self.cards().items() if not card.is_draft}

    def find(self, text: str) -> str:
        """The name of the class that `text` means, which can be drawn.

        Raises UnknownClassError, NoGeneratorError, or CheckpointError if the class's only file is unusable.
        """
        return self._available.find(text)

    def checkpoints(self, class_name: str) -> list[Path]:
        """The usable checkpoints of a class in the folders, best first."""
        return self._available.checkpoints(class_name)

    def collection_of(self, class_names: Iterable[str]) -> str:
        """The collection that draws one of these classes, as DOODLES_HUB names it; empty if none does."""
        return self.collection.pinned if self.collection and self._available.only_in_collection(class_names) else ""

    def draw(self, pictures: Sequence[Picture]) -> np.ndarray:
        """Drawings uint8 (len(pictures), 28, 28), in order. Raises ValueError with a sentence for the visitor."""
        if not 1 <= len(pictures) <= MAX_PICTURES:
            raise ValueError(f"You asked for {len(pictures)} drawings; ask for 1 to {MAX_PICTURES} at a time.")
        drawings = np.empty((len(pictures), 28, 28), np.uint8)
        pairs = [_classes_of(picture) for picture in pictures]
        names = dict.fromkeys(name for pair in pairs for name in pair if name)
        if self.collection and len(names) > 1 and (remote := self._available.only_in_collection(names)):
            self.collection.fetch(remote)
        for class_name, into in dict.fromkeys(pairs):
            places = [place for place, pair in enumerate(pairs) if pair == (class_name, into)]
            batch, loaded = [pictures[place] for place in places], self._load(class_name)
            if into is None:
                drawings[places] = draw(loaded, batch, self.device)
            else:
                drawings[places] = draw_mixed(loaded, self._load(into), batch, self.device)
        return drawings

    def draw_all(self, pictures: Sequence[Picture]) -> np.ndarray:
        """The same for any number of pictures; the caller sets the limit."""
        firsts = range(0, len(pictures), MAX_PICTURES)
        return np.concatenate([self.draw(pictures[first : first + MAX_PICTURES]) for first in firsts])

    def draw_drafts(self, class_names: Sequence[str], seeds: Sequence[int]) -> np.ndarray:
        """A draft of each class, uint8 (N, 28, 28), within a grey level of what `draw` returns.

        The base draws all of them at once, which is faster than `draw`: that takes each class out of the base first.
        Raises NoGeneratorError, CheckpointError.
        """
        path = next(iter(self._available.bases()), None)
        if path is None:
            raise NoGeneratorError("There is no shared base here that could draw drafts.")
        base = self._read_base(path)
        loaded = self._keep(revision_of(path), "", lambda: Loaded(draft_card(base, ""), base.generator_of_all()))
        z = torch.from_numpy(np.stack([latent([(seed, 1.0)], loaded.generator.z_dim) for seed in seeds]))
        classes = torch.tensor([CLASS_NAMES.index(class_name) for class_name in class_names])
        with torch.inference_mode():
            return to_drawings(loaded.generator(z, classes))

    def latent(self, picture: Picture) -> np.ndarray:
        """The latent (Z,) float32 of a picture of one class, with its psi and style. Raises ValueError."""
        return moved_latent(self._load(picture.class_name), picture)

    def generator(self, class_name: str) -> GeneratorNetwork:
        """The network that draws a class, ready to use but not to train. Raises ValueError with a sentence."""
        return self._load(class_name).generator

    def _load(self, class_name: str) -> Loaded:
        """The generator of a class, from the first file that can be used."""
        class_name = self._available.find(class_name)
        failure: CheckpointError | None = None
        for path in self._available.of_class(class_name):
            try:
                revision = revision_of(path)
                return self._keep(revision, class_name, partial(self._read, path, class_name))
            except OSError as error:
                failure = failure or CheckpointError(f"{path.name} can't be read ({error.strerror}).")
            except CheckpointError as error:
                self._available.report_unusable(revision, error)
                failure = failure or error
        raise failure or NoGeneratorError(f"The checkpoint of “{class_name}” was just removed; pick another class.")

    def _keep(self, revision: Revision, class_name: str, read: Callable[[], Loaded]) -> Loaded:
        """The generator that is in memory for a file's revision and a class; `read` loads it if there is none."""
        key = revision, class_name
        with self._lock:
            if key in self._loaded:
                self._loaded.move_to_end(key)
                return self._loaded[key]
        loaded = read()
        path, *_ = revision
        with self._lock:
            for stale in [other for other in self._loaded if (other[0][0], other[1]) == (path, class_name)]:
                del self._loaded[stale]
            self._loaded[key] = loaded
            while len(self._loaded) > self.max_loaded:
                self._loaded.popitem(last=False)
        return loaded

    def _read(self, path: Path, class_name: str) -> Loaded:
        if path.name == BASE_NAME:
            base = self._read_base(path)
            card, generator = draft_card(base, class_name), base.generator_of(class_name)
        else:
            card, generator = load_checkpoint(path)
        return Loaded(card, generator.to(self.device))

    def _read_base(self, path: Path) -> Base:
        """The base with its weights, which stay in memory because any of its 345 classes may be next."""
        revision = revision_of(path)
        with self._base_lock:
            if self._base is None or self._base[0] != revision:
                self._base = revision, read_base(path)
            return self._base[1]


def _classes_of(picture: Picture) -> tuple[str, str | None]:
    """Whose generators draw a picture: one class's, or a mix of two classes'."""
    if picture.into is None or picture.share in (0, 1):
        return (picture.into if picture.into and picture.share else picture.class_name), None
    return picture.class_name, picture.into
