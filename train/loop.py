"""The training loop: a pair of networks, one step, and `fit`, which yields how it goes."""

import copy
import math
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass

import numpy as np
import torch
from torch import Tensor, nn

from model.drawing.latents import latent
from model.networks.architectures import DISCRIMINATORS, GENERATORS, architecture, build
from model.networks.class_embedding import embedding_from
from model.networks.feature_network import FeatureNetwork
from model.networks.guided_discriminator import GuidedDiscriminator
from model.quickdraw.images import to_drawings, to_ink
from train.augment import augment
from train.config import Config
from train.drawings import ClassSampler, Drawings, Epochs
from train.losses import discriminator_loss, generator_loss, r1_penalty, recognition_loss

SHEET_SEEDS = range(64)
_STEP_SEEDS = 1_000_003  # a prime, so that the steps of two configured seeds draw from different streams


@dataclass(frozen=True)
class Progress:
    """How a training stands. Losses are means since the last report; `fraction` is of the whole budget, 0..1.

    distance: of the averaged generator's drawings to real ones, where it was measured.
    """

    step: int
    seconds: float
    fraction: float
    images_per_second: float
    loss_discriminator: float
    loss_generator: float
    distance: float | None = None


class TrainingError(RuntimeError):
    """A training can't go on; the message is one sentence that says why."""


class RunawayError(TrainingError):
    """Losses or weights are no longer finite; going back and on at a lower rate may help."""


class Training:
    """Both networks, their optimisers and the averaged generator; everything that a snapshot has to hold.

    num_classes: how many classes the networks know, by the drawings' own indices; with 1, all drawings are of that one.
    All randomness of step k follows from (config.seed, k): nothing about it has to be stored to resume exactly.
    """

    def __init__(
        self,
        config: Config,
        drawings: Drawings,
        num_classes: int = 1,
        device: torch.device | str = "cpu",
    ):
        torch.manual_seed(config.seed)
        self.config, self.drawings, self.device = config, drawings, torch.device(device)
        self.step, self.seconds = 0, 0.0
        self.halvings = 0  # of the learning rate, each after the losses ran away
        self.classes = torch.from_numpy(drawings.classes)
        options = asdict(config) | {"num_classes": num_classes if num_classes > 1 else None}
        self.architecture = architecture(GENERATORS, config.generator, options)
        self.discriminator_architecture = architecture(DISCRIMINATORS, config.discriminator, options)
        self.generator = build(GENERATORS, self.architecture).to(self.device, memory_format=torch.channels_last)
        self.discriminator = build(DISCRIMINATORS, self.discriminator_architecture).to(
            self.device, memory_format=torch.channels_last
        )
        self.ema = copy.deepcopy(self.generator).eval().requires_grad_(False)
        adam = {"lr": config.learning_rate, "betas": (config.beta1, config.beta2)}
        self.generator_optimizer = torch.optim.Adam(self.generator.parameters(), **adam)
        self.discriminator_optimizer = torch.optim.Adam(self.discriminator.parameters(), **adam)
        self.takes_classes = num_classes > 1
        self.half = config.bfloat16 and is_quick_at_bfloat16(self.device)
        self.sampler = ClassSampler(self.classes)
        self.epochs = Epochs(len(drawings), config.seed * _STEP_SEEDS)

    def use_feature_network(self, network: FeatureNetwork, classes: Sequence[int]) -> None:
        """Let a guided discriminator see through this guide, and both networks know what it knows of the classes.

        classes: the dataset's indices of what a single-class training draws.
        """
        self.discriminator.feature_network.load_state_dict(network.state_dict())
        if not self.takes_classes:
            self.discriminator.recognised[0, list(classes)] = 1 / len(classes)
        for net in (self.generator, self.ema, self.discriminator):
            if hasattr(net, "class_embedding"):
                net.class_embedding.copy_(embedding_from(network.logit_weight))

    def set_rate(self, fraction: float) -> None:
        """The learning rate after a fraction of the whole training, 0..1: half a cosine down to its final share."""
        final = self.config.final_rate
        share = final + (1 - final) * 0.5 * (1 + math.cos(math.pi * fraction))
        for _, optimizer in self._optimizers():
            for group in optimizer.param_groups:
                group["lr"] = self.config.learning_rate * share * 0.5**self.halvings

    def advance(self) -> tuple[float, float]:
        """One step of both networks. Returns the discriminator's and the generator's loss."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.half):
            return self._advance()

    def _advance(self) -> tuple[float, float]:
        config = self.config
        torch.manual_seed((config.seed * _STEP_SEEDS + self.step) % 2**63)

        # Discriminator: real drawings up, fresh fakes down.
        rows = self._next_rows()
        classes = self.classes[rows].to(self.device)
        real = self._moved(to_ink(self.drawings[rows.numpy()], self.device))
        fake = self._fake(classes)
        penalised = config.r1_gamma > 0 and self.step % config.r1_every == 0
        real_logits = self._judge(real.requires_grad_(penalised), classes)
        loss_discriminator = self._discriminator_loss(real_logits, self._judge(self._moved(fake.detach()), classes))
        total = loss_discriminator
        if penalised:
            # Every few steps, as many times stronger: lazy regularisation (Karras et al. 2020, StyleGAN2, section 3.1).
            total = total + config.r1_gamma / 2 * config.r1_every * r1_penalty(real, real_logits[:, :1])
        _descend(total, self.discriminator_optimizer)

        # Generator: the same fakes, moved otherwise, before a discriminator that has learned from them and holds still.
        self.discriminator.requires_grad_(False)
        loss_generator = self._loss_of_fakes(self._moved(fake), classes)
        _descend(loss_generator, self.generator_optimizer)
        self.discriminator.requires_grad_(True)

        # Average the generator: this is what people get. The average starts short, so that a brief run isn't held back.
        self.step += 1
        update_ema(self.ema, self.generator, min(config.ema_decay, (1 + self.step) / (10 + self.step)))
        return float(loss_discriminator.detach()), float(loss_generator.detach())

    def is_finite(self) -> bool:
        """Whether all weights are numbers still; a snapshot of others would be worth nothing."""
        return all(bool(tensor.isfinite().all()) for _, net in self._nets() for tensor in net.state_dict().values())

    def tensors(self) -> dict[str, Tensor]:
        """All that a snapshot holds, by name; on the CPU and contiguous, as files want it."""
        named = {f"{part}.{name}": tensor for part, net in self._nets() for name, tensor in net.state_dict().items()}
        for part, optimizer in self._optimizers():
            for index, slots in optimizer.state_dict()["state"].items():
                named |= {f"{part}.{index}.{slot}": tensor for slot, tensor in slots.items()}
        return {name: tensor.detach().cpu().contiguous() for name, tensor in named.items()}

    def load(self, tensors: dict[str, Tensor], step: int, seconds: float) -> None:
        """Go on from a snapshot. Raises ValueError for tensors that don't belong to these networks."""
        parts: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts.setdefault(part, {})[rest] = tensor
        try:
            for part, net in self._nets():
                net.load_state_dict(parts[part])
            for part, optimizer in self._optimizers():
                state: dict[int, dict[str, Tensor]] = {}
                for name, tensor in parts.get(part, {}).items():
                    index, _, slot = name.partition(".")
                    state.setdefault(int(index), {})[slot] = tensor
                optimizer.load_state_dict(optimizer.state_dict() | {"state": state})
        except (KeyError, RuntimeError) as error:
            raise ValueError("The snapshot belongs to other networks; start the run anew.") from error
        self.step, self.seconds = step, seconds

    def _nets(self) -> list[tuple[str, nn.Module]]:
        return [("generator", self.generator), ("discriminator", self.discriminator), ("ema", self.ema)]

    def _optimizers(self) -> list[tuple[str, torch.optim.Optimizer]]:
        return [
            ("generator_optimizer", self.generator_optimizer),
            ("discriminator_optimizer", self.discriminator_optimizer),
        ]

    def draw_fixed(self, seeds: range = SHEET_SEEDS) -> np.ndarray:
        """The averaged generator's drawings of fixed seeds, uint8 (len(seeds), 28, 28); a base shows many classes."""
        if not self.takes_classes:
            return draw_seeds(self.ema, seeds)
        return draw_seeds(self.ema, seeds, [seed * 37 % int(self.classes.max() + 1) for seed in seeds])

    def _next_rows(self) -> Tensor:
        """Indices (batch_size,) of this step's drawings."""
        if self.takes_classes:
            return self.sampler.draw(self.config.batch_size)
        return self.epochs.draw(self.config.batch_size, self.step * self.config.batch_size)

    def _fake(self, classes: Tensor) -> Tensor:
        z = torch.randn(len(classes), self.generator.z_dim, device=self.device)
        return self.generator(z, classes) if self.takes_classes else self.generator(z)

    def _judge(self, ink: Tensor, classes: Tensor) -> Tensor:
        """Logits (N, opinions)."""
        logits = self.discriminator(ink, classes) if self.takes_classes else self.discriminator(ink)
        return logits.reshape(len(ink), -1).float()

    def _loss_of_fakes(self, fake: Tensor, classes: Tensor) -> Tensor:
        """The generator's loss; where there is a guide, that it does not recognise a drawing counts as well.

        Not for a mixture, which would come to consist of whichever class is recognised most easily.
        """
        guided = isinstance(self.discriminator, GuidedDiscriminator)
        if not (guided and self.config.recognition) or self.discriminator.is_of_mixture:
            return self._generator_loss(self._judge(fake, classes))
        logits, log_likelihood = self.discriminator.judge(fake, classes if self.takes_classes else None)
        return self._generator_loss(logits.float()) + self.config.recognition * recognition_loss(log_likelihood.float())

    def _discriminator_loss(self, real_logits: Tensor, fake_logits: Tensor) -> Tensor:
        return discriminator_loss(real_logits, fake_logits)

    def _generator_loss(self, fake_logits: Tensor) -> Tensor:
        return generator_loss(fake_logits)

    def _moved(self, ink: Tensor) -> Tensor:
        return augment(ink, self.config.augment) if self.config.augment else ink


def fit(
    training: Training, num_steps: int | None = None, seconds: float | None = None, every: int | None = None
) -> Iterator[Progress]:
    """Train until `training` has done `num_steps` steps or `seconds` of work in all, whichever comes first.

    Yields Progress about once a second, at the end, and at all multiples of `every` steps; what is done there counts as
    work. Whoever iterates may look at `training`, save it or stop at any yield. Raises RunawayError when losses or
    weights are no longer finite.
    """
    if num_steps is None and seconds is None:
        raise ValueError("How long to train is open: give steps or seconds.")
    losses: list[tuple[float, float]] = []
    resumed, reported = time.monotonic() - training.seconds, time.monotonic()
    while True:
        training.seconds = time.monotonic() - resumed
        shares = [training.step / max(1, num_steps)] if num_steps is not None else []
        shares += [training.seconds / max(1e-9, seconds)] if seconds is not None else []
        fraction = min(1.0, max(shares))
        elapsed = time.monotonic() - reported
        if losses and (fraction == 1 or elapsed >= 1 or (every and training.step % every == 0)):
            means = np.mean(losses, axis=0).tolist()
            if not (np.isfinite(means).all() and training.is_finite()):
                raise RunawayError(f"The losses ran away at step {training.step}.")
            pace = len(losses) * training.config.batch_size / max(1e-9, elapsed)
            yield Progress(training.step, training.seconds, fraction, pace, *means)
            losses, reported = [], time.monotonic()
        if fraction == 1:
            return
        training.set_rate(fraction)
        losses.append(training.advance())


def is_quick_at_bfloat16(device: torch.device) -> bool:
    """Whether training in bfloat16 is known to be quicker here than in float32: on processors that compute in it."""
    capabilities = getattr(torch.cpu, "get_capabilities", dict)()
    return device.type == "cpu" and any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))


def draw_seeds(generator: nn.Module, seeds: Iterable[int], classes: Sequence[int] | None = None) -> np.ndarray:
    """Drawings uint8 (len(seeds), 28, 28) of a generator wherever it is, of the given classes if it knows several."""
    device = next(generator.parameters()).device
    z = torch.from_numpy(np.stack([latent([(seed, 1.0)], generator.z_dim) for seed in seeds])).to(device)
    with torch.inference_mode():
        return to_drawings(generator(z) if classes is None else generator(z, torch.tensor(classes, device=device)))


def update_ema(ema: nn.Module, net: nn.Module, decay: float) -> None:
    """Move every weight and buffer of `ema` towards that of `net`: ema = decay * ema + (1 - decay) * net."""
    with torch.no_grad():
        for average, current in zip(ema.state_dict().values(), net.state_dict().values(), strict=True):
            if average.is_floating_point():
                average.lerp_(current, 1 - decay)
            else:
                average.copy_(current)


def _descend(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    optimizer.zero_grad(set_to_none=True)
    loss.backward()
    optimizer.step()
