"""What Yours does: recognise a sketch, search for the closest drawing of a generator, and go on from there."""

from collections.abc import Iterator
from dataclasses import replace

import gradio as gr

from model.drawing.latents import MAX_PICTURES, Picture, between, check_latent, check_seed, morph_frames, seeds_from
from model.drawing.latents import latent as mixed_latent
from model.drawing.sampler import Sampler
from model.drawing.search import DECIMALS, likeness, search
from model.drawing.view import read_view
from model.pen.sketch import read_sketch
from model.quickdraw.images import png, sheet
from model.quickdraw.strokes import check_strokes, rasterise
from studio.shared.events import event_value, mistake, sentence
from studio.shared.export import export_both, export_view
from studio.shared.pictures import data_url, drawing_url
from studio.shared.view_reader import read_class, read_found, read_look, read_parts
from studio.shared.visitors import is_local
from studio.yours.search_result import VERY_NEAR, chosen_html, opened_html, result_html, variations_html

NUM_VARIATIONS = 16
LIKELY = 0.2  # another class is suggested only if the evaluator finds it at least this likely

NO_EVALUATOR = "The app can't recognise drawings: no evaluator is installed."

Found = tuple[str, tuple[float, ...]]  # a found drawing: its class and latent


class YoursActions:
    """The tab's handlers. A visitor's mistake is a gr.Error or, in answers to the script, a sentence."""

    def __init__(self, sampler: Sampler):
        self.sampler = sampler
        self.recogniser = sampler.recogniser

    def recognise(self, request: object) -> dict[str, object]:
        """What [strokes] look like: the five likeliest classes, a sentence, and what the evaluator sees."""
        try:
            drawing = rasterise(check_strokes(request[0] if isinstance(request, list) and request else None))
        except ValueError as error:
            return {"top": [], "message": sentence(error)}
        top = self.recogniser.top(drawing)
        message = f"It looks most like “{top[0][0]}”." if top else NO_EVALUATOR
        return {"top": top, "message": message, "picture": drawing_url(drawing)}

    def find(self, sketch: object) -> Iterator[tuple[object, ...]]:
        """Search for the drawing closest to {"strokes", "name"}: HTML, the drawing, and the row of what follows."""
        best_random = 0.0
        try:
            own = read_sketch(_part(sketch, "strokes"))
            drawing = own.drawing
            class_name = read_class(self.sampler, _part(sketch, "name"))
            for guess in search(self.sampler.generator(class_name), drawing, self.recogniser.evaluator()):
                picture = Picture(class_name, ((guess.latent, 1.0),))
                (nearest,) = self.sampler.draw([picture])
                best_random = best_random or likeness(drawing, nearest)  # the first guess is the best random latent
                if guess.fraction < 1:
                    yield result_html(picture, own, nearest, fraction=guess.fraction), gr.skip(), gr.skip()
        except ValueError as error:
            raise mistake(error) from error
        (likeliest, share), *_ = self.recogniser.top(drawing) or [(class_name, 0.0)]
        is_better = likeness(drawing, nearest) < VERY_NEAR and share >= LIKELY and likeliest != class_name
        better_class = likeliest if is_better else ""
        html = result_html(picture, own, nearest, best_random=best_random, better_class=better_class)
        yield html, (class_name, guess.latent), gr.Row(visible=True)

    def open_link(self, request: object) -> tuple[object, ...]:
        """The found drawing of a {"link"}, as `find` answers, next to the "strokes" of the sketch if they are known."""
        try:
            link = _part(request, "link")
            view = read_view(link if isinstance(link, str) else "")
            if not view.latent:
                raise ValueError("The link has no latent, the numbers that describe a found drawing.")
            latent = view.latent
            class_name = read_class(self.sampler, view.class_name)
            if view.psi != 1 or any(view.style):  # what follows knows a latent only
                (edited,) = replace(view, class_name=class_name).pictures()
                latent = check_latent([round(number, DECIMALS) for number in self.sampler.latent(edited).tolist()])
            picture = Picture(class_name, ((latent, 1.0),))
            (drawing,) = self.sampler.draw([picture])
            if strokes := _part(request, "strokes"):
                html = result_html(picture, read_sketch(strokes), drawing)
            else:
                html = opened_html(picture, drawing)
        except ValueError as error:
            raise mistake(error) from error
        return html, (class_name, latent), gr.Row(visible=True)

    def export(self, request: object, visitor: gr.Request) -> dict[str, str]:
        """[kind, class, latent, the page's address, strokes, look, width] as `export_view` answers; or an "error".

        With strokes, which can be None, it's a file of both drawings side by side.
        """
        try:
            parts = read_parts(request, "kind", "class", "latent", "address", "strokes", "look", "width")
            kind, class_name, latent, address, strokes, look, width = parts
            view = replace(read_found(self.sampler, class_name, latent), look=read_look(look, width))
            if strokes is None:
                return export_view(self.sampler, view, kind, address, is_local=is_local(visitor))
            return export_both(self.sampler, read_sketch(strokes), view, kind)
        except ValueError as error:
            return {"error": sentence(error)}

    def variations(self, found: Found | None, strength: float, first: int) -> str:
        """Drawings between the found one and sixteen seeds, `strength` (0 to 1) of the way along."""
        try:
            class_name, latent = _require(found)
            seeds = seeds_from(check_seed(first), NUM_VARIATIONS)
            drawings = self.sampler.draw([between(class_name, latent, seed, strength) for seed in seeds])
            return variations_html(class_name, seeds, drawings)
        except ValueError as error:
            raise mistake(error) from error

    def choose(self, found: Found | None, strength: float, event: gr.EventData) -> tuple[object, ...]:
        """Replace the found drawing by one of its variations, {"seed"}."""
        try:
            class_name, latent = _require(found)
            varied = between(class_name, latent, check_seed(event_value(event, "seed")), strength)
            numbers = mixed_latent(varied.mix, len(latent)).tolist()
            chosen = check_latent([round(number, DECIMALS) for number in numbers])
            picture = Picture(class_name, ((chosen, 1.0),))
            (drawing,) = self.sampler.draw([picture])
        except ValueError as error:
            raise mistake(error) from error
        return chosen_html(picture, drawing), (class_name, chosen)

    def morph_strip(self, found: Found | None, seed: int) -> dict[str, object]:
        """The frames from the found drawing to a seed's, in one row."""
        try:
            class_name, latent = _require(found)
            end = check_seed(seed)
            frames = self.sampler.draw(morph_frames(class_name, [latent, end], MAX_PICTURES))
        except ValueError as error:
            raise mistake(error) from error
        strip = data_url(png(sheet(frames, columns=MAX_PICTURES)))
        return {"strip": strip, "frames": MAX_PICTURES, "name": class_name, "a": "found", "b": end}


def _part(request: object, name: str) -> object:
    return request.get(name) if isinstance(request, dict) else None


def _require(found: Found | None) -> Found:
    if found is None:
        raise ValueError("Press “Find mine” first: variations and morphs start from the drawing that it finds.")
    return found
