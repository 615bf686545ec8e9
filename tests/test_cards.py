"""The page of cards agrees with the checkpoints."""

from dataclasses import replace

from PIL import Image

from model.files.checkpoint import load_checkpoint, save_checkpoint
from tests.support.samples import make_checkpoint
from train.hub.cards import write_cards


def test_every_checkpoint_has_a_row_with_its_figures_and_a_sheet(tmp_path):
    make_checkpoint(tmp_path, "stop sign")
    card, generator = load_checkpoint(make_checkpoint(tmp_path, "cat"))
    figures = {"top1": 0.7, "real_top1": 0.76, "frechet_distance": 2.5, "real_frechet_distance": 1.25, "n": 400}
    save_checkpoint(tmp_path, replace(card, metrics=figures), generator)
    assert write_cards(tmp_path) == 2
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| cat* | 10 | 0 | 0.70 (0.76) | 2.50 (1.25) |" in text and "| stop sign | 10 |" in text
    for name in ("cat", "stop-sign"):
        assert f"sheets/{name}.png" in text
        with Image.open(tmp_path / "sheets" / f"{name}.png") as picture:
            assert picture.size == (484, 484)


def test_figures_by_doodlenet_come_before_those_of_the_evaluator(tmp_path):
    card, generator = load_checkpoint(make_checkpoint(tmp_path, "cat"))
    figures = {"top1": 0.99, "real_top1": 0.98, "doodlenet_top1": 0.72, "real_doodlenet_top1": 0.77, "doodlenet_n": 500}
    save_checkpoint(tmp_path, replace(card, metrics=figures), generator)
    write_cards(tmp_path)
    text = (tmp_path / "README.md").read_text(encoding="utf-8")
    assert "| cat | 10 | 0 | 0.72 (0.77) |" in text and "| 500 |" in text
