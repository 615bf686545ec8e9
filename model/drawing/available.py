"""Which classes can be drawn, and from which files: checkpoints in folders, a collection on the Hub, the base."""

import logging
from collections.abc import Iterable, Sequence
from pathlib import Path

from model.files.checkpoint import DRAFT, Card, checkpoint_path, read_card
from model.files.shared_base import BASE_NAME, Base, read_base
from model.files.weights import CheckpointError
from model.hub.collection import Collection
from model.quickdraw.classes import CLASS_NAMES, UnknownClassError, find_class, find_classes, mixture_name

# Path, modification time and size of a file: when it changes, so does its revision.
Revision = tuple[str, int, int]

log = logging.getLogger(__name__)


class NoGeneratorError(ValueError):
    """A class of the dataset that has no generator here yet."""


class AvailableGenerators:
    """The checkpoints in some folders, where earlier folders win, then those in a collection, then the base's drafts.

    Every call looks at the files again, so it notices checkpoints that appear, change or break. A broken file is
    logged and skipped.
    """

    def __init__(self, folders: Sequence[Path], collection: Collection | None):
        self.folders, self.collection = folders, collection
        self._headers: dict[Revision, Card | Base | CheckpointError] = {}
        self._drafts: tuple[Base | None, dict[str, Card]] = None, {}

    def cards(self) -> dict[str, Card]:
        """What can be drawn: class name to card, drafts last."""
        cards = self._cards_in_folders()
        for name, card in (self.collection.cards() if self.collection else {}).items():
            cards.setdefault(name, card)
        base = next((header for path in self._base_paths() if isinstance(header := self._header(path), Base)), None)
        if base:
            if self._drafts[0] is not base:
                self._drafts = base, {class_name: draft_card(base, class_name) for class_name in CLASS_NAMES}
            cards |= {name: draft for name, draft in self._drafts[1].items() if name not in cards}
        return cards

    def find(self, text: str) -> str:
        """The name of the class that `text` means, which can be drawn.

        Raises UnknownClassError, NoGeneratorError, or CheckpointError if the class's only file is unusable.
        """
        if self.collection and self.collection.is_strict and text in self._cards_in_folders():
            return text  # whatever the Hub says
        drawable = tuple(self.cards())
        mixture = str(text).replace(" ", "+")  # a link may have lost the plus of a mixture
        for name in (text, mixture):
            if name in drawable:
                return name
        names = tuple(dict.fromkeys((*drawable, *CLASS_NAMES)))
        try:
            name = find_class(text, names)
        except UnknownClassError:
            if "+" not in mixture:
                raise
            try:
                name = find_class(mixture, names)
            except UnknownClassError:
                name = mixture_name(find_classes(text))  # of classes that nobody has trained together here
        if name not in drawable:
            for path in self._paths(name):
                if isinstance(error := self._header(path), CheckpointError):
                    raise error
            raise NoGeneratorError(f"“{name}” has not been trained here yet; train it, or pick another class.")
        return name

    def of_class(self, class_name: str) -> list[Path]:
        """The usable files that draw a class, best first. Raises CheckpointError if its only file can't be fetched."""
        paths = self.checkpoints(class_name)
        bases = self.bases() if class_name in CLASS_NAMES else []
        if not paths and self.collection and class_name in self.collection.cards():
            try:
                paths = [self.collection.path(class_name)]
            except CheckpointError:
                if self.collection.is_strict or not bases:
                    raise
        return paths + bases

    def checkpoints(self, class_name: str) -> list[Path]:
        """The usable checkpoints of a class in folders, best first. Another class may have the same file name."""
        headers = [(path, self._header(path)) for path in self._paths(class_name)]
        return [path for path, card in headers if isinstance(card, Card) and card.class_name == class_name]

    def bases(self) -> list[Path]:
        """The usable shared bases, those in earlier folders first."""
        return [path for path in self._base_paths() if isinstance(self._header(path), Base)]

    def only_in_collection(self, class_names: Iterable[str]) -> list[str]:
        """Those of the classes that the collection has and no folder has."""
        in_folders = self._cards_in_folders() if self.collection else {}
        elsewhere = [name for name in class_names if name not in in_folders]
        listed = self.collection.cards() if self.collection and elsewhere else {}
        return [name for name in elsewhere if name in listed]

    def report_unusable(self, revision: Revision, error: CheckpointError) -> None:
        """Log what is wrong with a file, and skip it from now on, unless the next try may succeed."""
        log.warning("%s", error)
        if not error.is_transient:
            self._headers[revision] = error

    def _cards_in_folders(self) -> dict[str, Card]:
        cards: dict[str, Card] = {}
        for folder in self.folders:
            for path in sorted(folder.glob("[!_]*.safetensors")):
                if path.is_file() and isinstance(card := self._header(path), Card):
                    cards.setdefault(card.class_name, card)
        return cards

    def _paths(self, class_name: str) -> Iterable[Path]:
        return (path for folder in self.folders if (path := checkpoint_path(folder, class_name)).exists())

    def _base_paths(self) -> Iterable[Path]:
        return (path for folder in self.folders if (path := folder / BASE_NAME).exists())

    def _header(self, path: Path) -> Card | Base | CheckpointError | None:
        """A checkpoint's card, a base's header, what is wrong with the file (logged once), or None if it is gone."""
        try:
            revision = revision_of(path)
        except OSError:
            return None
        if revision not in self._headers:
            try:
                is_base = path.name == BASE_NAME
                self._headers[revision] = read_base(path, with_tensors=False) if is_base else read_card(path)
            except CheckpointError as error:
                self.report_unusable(revision, error)
                return error
        return self._headers[revision]


def draft_card(base: Base, class_name: str) -> Card:
    """The card of a class that only the base draws."""
    rows = {class_name: base.rows.get(class_name, 0)}
    return Card(class_name, base.generator, DRAFT, base.images_seen, rows, "folder", base.attribution)


def revision_of(path: Path) -> Revision:
    """Raises OSError."""
    stat = path.stat()
    return str(path), stat.st_mtime_ns, stat.st_size
