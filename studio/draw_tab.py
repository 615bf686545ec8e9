"""Draw: pick a class and a seed, see the drawing that belongs to them."""

import random

import gradio as gr

from model.latents import MAX_PSI, MAX_SEED, check_psi, check_seed
from model.sampler import MAX_PICTURES, Sampler, seeds_to_pictures
from studio.classes import class_picker, first_class
from studio.live import in_browser, live, mistake
from studio.pictures import grid_html

FIRST_PSI = 1.0
FIRST_COUNT = 16
DICE_MAX = 999_999  # short seeds are easier to remember and to tell

# The page's address always leads back to what it shows.
REMEMBER = """(name, seed, psi, count) => {
  const query = new URLSearchParams(location.search);
  Object.entries({class: name, seed, psi, count}).forEach(([key, value]) => query.set(key, value));
  history.replaceState(null, "", "?" + query);
}"""


def draw_tab(page: gr.Blocks, sampler: Sampler) -> gr.Dropdown:
    """Builds the tab and returns its class picker."""

    def draw(text: str, seed: int, psi: float, count: int) -> str:
        try:
            class_name = sampler.find(text)
            pictures = seeds_to_pictures(class_name, seed, count, psi)
            return grid_html(pictures, sampler.draw(pictures), sampler.cards().get(class_name))
        except ValueError as error:
            raise mistake(error) from error

    def open_link(request: gr.Request) -> tuple[str, int, float, int, str]:
        """The controls and drawings of a link such as ?class=cat&seed=7&psi=0.9&count=16; the rest is chosen for it."""
        state = first_class(sampler), random.randint(0, DICE_MAX), FIRST_PSI, FIRST_COUNT
        try:
            state = _read_link(dict(request.query_params), state)
            return *state, draw(*state)
        except (ValueError, gr.Error) as error:
            if request.query_params:
                gr.Warning(
                    f"The link asks for something that isn't there. {getattr(error, 'message', error)}", duration=8
                )
        try:
            state = first_class(sampler), *state[1:]
            return *state, draw(*state)
        except gr.Error as error:
            return *state, f'<p class="origin">{error.message}</p>'

    with gr.Row(elem_classes="stage"):
        with gr.Column(scale=1, min_width=300):
            picker = class_picker(sampler, first_class(sampler), elem_id="draw-class")
            seed = gr.Slider(0, MAX_SEED, 0, step=1, precision=0, label="Seed", elem_id="draw-seed")
            with gr.Row():
                previous = gr.Button("← Previous", size="sm", min_width=80)
                dice = gr.Button("⚄ Dice", size="sm", min_width=80, elem_id="draw-dice")
                following = gr.Button("Next →", size="sm", min_width=80)
            psi = gr.Slider(
                0,
                MAX_PSI,
                FIRST_PSI,
                step=0.05,
                label="Psi",
                info="1 is as learned, lower more alike, higher wilder",
                elem_id="draw-psi",
            )
            count = gr.Slider(1, MAX_PICTURES, FIRST_COUNT, step=1, precision=0, label="How many", elem_id="draw-count")
            generate = gr.Button("Generate", variant="primary", elem_id="draw-generate")
        with gr.Column(scale=2, min_width=300):
            pictures = gr.HTML(elem_id="draw-pictures", min_height=200)

    state = [picker, seed, psi, count]
    for trigger in (picker.input, seed.input, psi.input, count.input, generate.click):
        drawn = live(trigger, draw, state, pictures, trigger_mode="always_last")
        in_browser(drawn.success, REMEMBER, state)
    for button, move in (
        (previous, "(seed, count) => Math.max(0, seed - count)"),
        (following, f"(seed, count) => Math.min({MAX_SEED}, seed + count)"),
        (dice, f"() => Math.floor(Math.random() * {DICE_MAX + 1})"),
    ):
        moved = in_browser(button.click, move, [seed, count], seed)
        in_browser(live(moved.then, draw, state, pictures).success, REMEMBER, state)
    page.load(open_link, None, [*state, pictures], show_progress="hidden", api_visibility="private")
    return picker


def _read_link(query: dict[str, str], default: tuple[str, int, float, int]) -> tuple[str, int, float, int]:
    class_name, seed, psi, count = default
    try:
        seed = check_seed(int(query.get("seed", seed)))
        psi = check_psi(float(query.get("psi", psi)))
        count = min(MAX_PICTURES, max(1, int(query.get("count", count))))
    except ValueError as error:
        # Without what the visitor typed: a link can be anybody's.
        raise ValueError("Its seed, psi and count have to be numbers in their sliders' range.") from error
    return query.get("class", class_name), seed, psi, count
