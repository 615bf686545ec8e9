"""python -m benchmarks.together: many small networks trained at once in one process, against one after the other.

The weights of several classes' networks are stacked, and one step of all of them is one pass through the stack
(torch.func: functional_call under vmap). What is printed is how many images a second all of them learn from together,
over what they learn from one after the other; both take turns here, on the GPU where there is one.
"""

import argparse
import copy
import statistics
import time
from collections.abc import Sequence
from dataclasses import replace

import torch
from torch import Tensor, nn
from torch.func import functional_call, stack_module_state, vmap

from model.drawing.sampler import limit_threads, pick_device
from model.files.shared_base import BASE_NAME, read_base
from model.quickdraw.classes import CLASS_NAMES
from train.config import DOODLE
from train.data import DataError, load_drawings
from train.drawings import Drawings, learned
from train.grow import grow_from_base
from train.home import Home
from train.loop import Training

SINGLE = replace(DOODLE, bfloat16=False)  # of which batch norm under vmap can't make anything


class Stacked(nn.Module):
    """Networks of one architecture as one: a batch (K * N, ...) goes through them in K parts, one for each."""

    def __init__(self, nets: Sequence[nn.Module]):
        super().__init__()
        self.number = len(nets)
        self._one = [copy.deepcopy(nets[0]).to("meta")]  # in a list, so that its weights count as nobody's
        parameters, buffers = stack_module_state(list(nets))
        self.z_dim = getattr(nets[0], "z_dim", None)
        self._parameter_names, self._buffer_names = list(parameters), list(buffers)
        for name, stacked in parameters.items():
            self.register_parameter(name.replace(".", "/"), nn.Parameter(stacked))
        for name, stacked in buffers.items():
            self.register_buffer(name.replace(".", "/"), stacked)

    def forward(self, x: Tensor) -> Tensor:
        own = dict(self.named_parameters()) | dict(self.named_buffers())
        weights = {name: own[name.replace(".", "/")] for name in self._parameter_names + self._buffer_names}
        one = self._one[0].train(self.training)
        parts = x.unflatten(0, (self.number, -1))  # (K, N, ...)
        return vmap(lambda weights, part: functional_call(one, weights, (part,)))(weights, parts).flatten(0, 1)


class Together(Training):
    """Several trainings of one recipe in step with each other; the step itself is that of one."""

    def __init__(self, trainings: Sequence[Training], drawings: Drawings):
        """drawings: those of all trainings, one after the other."""
        first = trainings[0]
        self.trainings, self.drawings, self.config = trainings, drawings, first.config
        self.device, self.half, self.step, self.takes_classes = first.device, first.half, 0, False
        self.classes = torch.zeros(len(drawings), dtype=torch.long)
        self.generator = Stacked([each.generator for each in trainings])
        self.discriminator = Stacked([each.discriminator for each in trainings])
        self.ema = Stacked([each.ema for each in trainings]).eval().requires_grad_(False)
        adam = {"lr": self.config.learning_rate, "betas": (self.config.beta1, self.config.beta2)}
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), **adam)
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), **adam)

    def _next_rows(self) -> Tensor:
        """Each training's own rows (K * batch_size,), one training after the other."""
        rows, first = [], 0
        for each in self.trainings:
            each.step = self.step
            rows.append(first + each._next_rows())
            first += len(each.drawings)
        return torch.cat(rows)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.together", description=__doc__)
    parser.add_argument("--data", metavar="FOLDER|URL", help="where the drawings are (default: the dataset's bucket)")
    parser.add_argument("--numbers", type=int, nargs="+", default=[2, 4, 8], help="of classes (default: 2 4 8)")
    parser.add_argument("--rounds", type=int, default=5, help="of each measurement (default: %(default)s)")
    parser.add_argument("--steps", type=int, default=24, help="of each round (default: %(default)s)")
    parser.add_argument("--threads", type=int, default=2, help="for each step (default: %(default)s)")
    options = parser.parse_args()
    limit_threads(options.threads)
    home = Home.from_environment()
    source, device = options.data or home.source, pick_device()
    base = home.first_usable(BASE_NAME, read_base)
    if base is None:
        raise SystemExit(f"{parser.prog}: There is no base here; see python -m train base --help.")
    print("| classes | one after the other, images/s | together | ratio |")
    print("|---|---|---|---|")
    for number in options.numbers:
        try:
            parts = [(name, load_drawings(name, source=source, cache=home.cache)) for name in CLASS_NAMES[:number]]
        except DataError as error:
            raise SystemExit(f"{parser.prog}: {error}") from error
        trainings = []
        for name, array in parts:
            training = Training(SINGLE, Drawings([(0, array, learned(len(array)))]), device=device)
            if not grow_from_base(training, base, (name,)):
                raise SystemExit(f"{parser.prog}: The base has other networks than the recipe; train it again.")
            trainings.append(training)
        together = Together(trainings, Drawings([(0, array, learned(len(array))) for _, array in parts]))
        images = options.steps * number * DOODLE.batch_size
        times = [
            (_seconds(trainings, options.steps), _seconds([together], options.steps)) for _ in range(options.rounds + 1)
        ][1:]  # the first one warms up
        apart, stacked = (images / statistics.median(each) for each in zip(*times, strict=True))
        print(f"| {number} | {apart:.0f} | {stacked:.0f} | {stacked / apart:.2f} |", flush=True)


def _seconds(trainings: Sequence[Training], steps: int) -> float:
    """What some steps of each take, one training after the other."""
    began = time.perf_counter()
    for training in trainings:
        for _ in range(steps):
            training.advance()
    if trainings[0].device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


if __name__ == "__main__":
    main()
