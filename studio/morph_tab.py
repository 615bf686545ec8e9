"""Morph: the way from one seed's drawing to another's. All its frames come at once; scrubbing asks for nothing."""

from pathlib import Path

import gradio as gr
import numpy as np

from model.images import gif, png, sheet
from model.latents import MAX_PSI, MAX_SEED, check_seed, walk
from model.sampler import MAX_PICTURES, Sampler
from studio.classes import class_picker, first_class
from studio.draw_tab import DICE_MAX, FIRST_PSI
from studio.live import in_browser, live, mistake
from studio.pictures import data_url

NUM_FRAMES = MAX_PICTURES
GIF_SCALE = 9  # 28 -> 252 pixels

_FOLDER = Path(__file__).parent
DOWNLOAD = """(url) => {
  if (!url) return;
  Object.assign(document.createElement("a"), {href: url, download: "morph.gif"}).click();
}"""


def morph_tab(sampler: Sampler, tab: gr.Tab) -> gr.Dropdown:
    """Builds the tab and returns its class picker."""

    def frames(text: str, seed_a: int, seed_b: int, psi: float) -> tuple[str, np.ndarray]:
        try:
            class_name = sampler.find(text)
            return class_name, sampler.draw(walk(class_name, [check_seed(seed_a), check_seed(seed_b)], NUM_FRAMES, psi))
        except ValueError as error:
            raise mistake(error) from error

    def filmstrip(text: str, seed_a: int, seed_b: int, psi: float) -> dict[str, object]:
        class_name, drawings = frames(text, seed_a, seed_b, psi)
        strip = data_url(png(sheet(drawings, columns=NUM_FRAMES)))
        return {"strip": strip, "frames": NUM_FRAMES, "name": class_name, "a": seed_a, "b": seed_b}

    def animation(text: str, seed_a: int, seed_b: int, psi: float) -> str:
        _, drawings = frames(text, seed_a, seed_b, psi)
        there_and_back = [*drawings, *drawings[-2:0:-1]]
        pictures = [sheet(drawing[None], columns=1) for drawing in there_and_back]
        return data_url(gif(pictures, milliseconds=40, scale=GIF_SCALE), "image/gif")

    with gr.Row(elem_classes="stage"):
        with gr.Column(scale=1, min_width=300):
            picker = class_picker(sampler, first_class(sampler), elem_id="morph-class")
            seed_a = gr.Slider(0, MAX_SEED, 7, step=1, precision=0, label="Seed A", elem_id="morph-a")
            seed_b = gr.Slider(0, MAX_SEED, 12, step=1, precision=0, label="Seed B", elem_id="morph-b")
            with gr.Row():
                dice = gr.Button("⚄ Dice", size="sm", min_width=80)
                swap = gr.Button("A ⇄ B", size="sm", min_width=80)
            psi = gr.Slider(
                0, MAX_PSI, FIRST_PSI, step=0.05, label="Psi", info="1 is as learned, lower more alike, higher wilder"
            )
            save = gr.Button("Download GIF", elem_id="morph-gif")
            saved = gr.Textbox(visible=False)
        with gr.Column(scale=2, min_width=300):
            player = gr.HTML(
                None,
                html_template=(_FOLDER / "player.html").read_text(),
                css_template=(_FOLDER / "player.css").read_text(),
                js_on_load=(_FOLDER / "player.js").read_text(),
                elem_id="morph-player",
            )

    state = [picker, seed_a, seed_b, psi]
    for trigger in (picker.input, seed_a.input, seed_b.input, psi.input):
        live(trigger, filmstrip, state, player, trigger_mode="always_last")
    live(tab.select, filmstrip, state, player)
    random_seed = f"Math.floor(Math.random() * {DICE_MAX + 1})"
    rolled = in_browser(dice.click, f"() => [{random_seed}, {random_seed}]", None, [seed_a, seed_b])
    swapped = in_browser(swap.click, "(a, b) => [b, a]", [seed_a, seed_b], [seed_a, seed_b])
    for moved in (rolled, swapped):
        live(moved.then, filmstrip, state, player)
    in_browser(live(save.click, animation, state, saved).success, DOWNLOAD, saved)
    return picker
