"""Measuring finished generators: against real drawings, and which classes morph well into which others."""

from pathlib import Path

from tqdm import tqdm

from model.drawing.sampler import Sampler
from model.files.checkpoint import Card, checkpoint_path, load_checkpoint
from model.files.classifiers import EVALUATOR_NAME, load_evaluator
from model.files.shared_base import BASE_NAME, read_base
from model.files.weights import CheckpointError
from model.networks.evaluator import Evaluator
from model.networks.generator_network import GeneratorNetwork
from model.quickdraw.classes import CLASS_NAMES
from train.config import DOODLE
from train.data import load_drawings, load_extra
from train.evaluation import GeneratorEvaluation
from train.home import Home
from train.pairs import measure_pairs, save_pairs


def find_evaluator(home: Home) -> Evaluator:
    """Raises ValueError if there is none."""
    loaded = home.first_usable(EVALUATOR_NAME, load_evaluator)
    if loaded is None:
        raise ValueError("There is no evaluator; train one with: python -m train evaluator")
    return loaded[0]


def find_generator(card: Card, home: Home, *, as_draft: bool) -> GeneratorNetwork:
    """A class's own generator, or what the base draws of it. Raises ValueError or CheckpointError if there is none."""
    if as_draft or card.is_draft:
        base = home.first_usable(BASE_NAME, read_base)
        if base is None or card.class_name not in CLASS_NAMES:
            raise ValueError(f"The base can't draw “{card.class_name}”; leave --drafts out.")
        return base.generator_of(card.class_name)

    def read(path: Path) -> GeneratorNetwork:
        found, generator = load_checkpoint(path)
        if found.class_name != card.class_name:
            raise CheckpointError(f"{path} draws “{found.class_name}”, not “{card.class_name}”.")
        return generator

    generator = home.first_usable(checkpoint_path(Path(), card.class_name).name, read)
    if generator is None:
        raise CheckpointError(f"The checkpoint of “{card.class_name}” can't be used; train it again.")
    return generator


def evaluation_of(card: Card, evaluator: Evaluator, home: Home, num_rows: int, also: str | None) -> GeneratorEvaluation:
    """What to measure a card's generator with. also: a folder with more drawings that it learned from."""
    exact = [load_drawings(name, num_rows, home.source, home.cache) for name in card.trained_on]
    more = [drawings for name in card.trained_on for drawings in load_extra(name, num_rows, also)]
    return GeneratorEvaluation(evaluator, tuple(card.trained_on), exact, more)


def format_figures(figures: dict[str, float]) -> str:
    """Figures as text, with the same figure of real drawings in brackets."""
    texts = []
    for name, figure in figures.items():
        if not name.startswith("real_"):
            real = f" ({figures[f'real_{name}']:g})" if f"real_{name}" in figures else ""
            texts.append(f"{name.replace('_', ' ')} {figure:g}{real}")
    return ", ".join(texts)


def write_pairs(home: Home) -> Path:
    """Measure how well each class morphs into each other, and write the file that Morph's suggestions come from."""
    evaluator, sampler = find_evaluator(home), Sampler(home.checkpoint_folders, max_loaded=1000)
    names = [
        name
        for name, card in sampler.trained_cards().items()
        if len(card.trained_on) == 1 and card.recipe == DOODLE.recipe
    ]
    num_pairs = len(names) * (len(names) - 1) // 2
    measured = {
        (one, other): share for one, other, share in tqdm(measure_pairs(evaluator, sampler, names), "Pairs", num_pairs)
    }
    return save_pairs(home.checkpoints, sampler, names, measured)
