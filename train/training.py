"""A training: two networks, their optimisers, and one step of both."""

import copy
import math
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import TypeVar

import numpy as np
import torch
from torch import Tensor, nn

from model.drawing.latents import latent
from model.networks.architectures import DISCRIMINATORS, GENERATORS, architecture, build
from model.networks.class_embedding import embedding_from
from model.networks.feature_network import FeatureNetwork
from model.networks.generator_network import GeneratorNetwork
from model.networks.guided_discriminator import GuidedDiscriminator
from model.quickdraw.images import to_drawings, to_ink
from train.augment import augment
from train.config import Config
from train.drawings import ClassSampler, Drawings, Epochs
from train.losses import box_loss, discriminator_loss, generator_loss, r1_penalty, recognition_loss

SHEET_SEEDS = range(64)
CLASS_POWER = 0.2  # a base sees classes nearly evenly: those with few drawings need many passes over them
_STEP_SEEDS = 1_000_003  # a prime, so that two configured seeds give every step different random numbers


Network = TypeVar("Network", bound=nn.Module)


class Training:
    """Both networks, their optimisers and the averaged generator: everything that a snapshot holds.

    num_classes: how many classes the networks know, by the drawings' own indices; 1 means that all drawings are of one.
    All random numbers of step k follow from (config.seed, k), so a snapshot needs no random state to resume exactly.
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
        self.halvings = 0  # of the learning rate, one each time the losses diverged
        self.classes = torch.from_numpy(drawings.classes)
        options = asdict(config) | {"num_classes": num_classes if num_classes > 1 else None}
        self.architecture = architecture(GENERATORS, config.generator, options)
        self.discriminator_architecture = architecture(DISCRIMINATORS, config.discriminator, options)
        self.generator = on_device(build(GENERATORS, self.architecture), self.device)
        self.discriminator = on_device(build(DISCRIMINATORS, self.discriminator_architecture), self.device)
        self.ema = copy.deepcopy(self.generator).eval().requires_grad_(False)
        self.generator_optimizer = self._adam(self.generator)
        self.discriminator_optimizer = self._adam(self.discriminator)
        self.takes_classes = num_classes > 1
        self.use_bfloat16 = config.bfloat16 and is_fast_at_bfloat16(self.device)
        self.sampler = ClassSampler(self.classes, power=CLASS_POWER)
        self.epochs = Epochs(len(drawings), config.seed * _STEP_SEEDS)

    def use_feature_network(self, network: FeatureNetwork, classes: Sequence[int]) -> None:
        """Give a guided discriminator this feature network, and both networks its class embedding.

        classes: the dataset's indices of the classes that a single-class training draws.
        """
        assert isinstance(self.discriminator, GuidedDiscriminator)
        self.discriminator.feature_network.load_state_dict(network.state_dict())
        if not self.takes_classes:
            self.discriminator.recognised[0, list(classes)] = 1 / len(classes)
        for net in (self.generator, self.ema, self.discriminator):
            if isinstance(embedding := getattr(net, "class_embedding", None), Tensor):
                embedding.copy_(embedding_from(network.logit_weight))

    def set_rate(self, fraction: float) -> None:
        """Set the learning rate after a fraction 0..1 of the training: half a cosine, down to its final share."""
        final = self.config.final_rate
        share = final + (1 - final) * 0.5 * (1 + math.cos(math.pi * fraction))
        for optimizer in self._optimizers().values():
            for group in optimizer.param_groups:
                group["lr"] = self.config.learning_rate * share * 0.5**self.halvings

    def advance(self) -> tuple[float, float]:
        """Do one step of both networks. Returns the discriminator's and the generator's loss."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.use_bfloat16):
            return self._advance()

    def _advance(self) -> tuple[float, float]:
        torch.manual_seed((self.config.seed * _STEP_SEEDS + self.step) % 2**63)
        rows = self._next_rows()
        classes = self.classes[rows].to(self.device)  # (N,)

        # Discriminator: tell augmented real drawings from augmented fakes.
        ink = to_ink(self.drawings[rows.numpy()], self.device)  # (N, 1, 28, 28)
        real = augment(ink, self.config.augment)  # (N, 1, 28, 28)
        fake = self._fake(classes)  # (N, 1, 28, 28)
        loss_discriminator, penalty = self._discriminator_loss(real, fake.detach(), classes)
        _descend(loss_discriminator + penalty, self.discriminator_optimizer)

        # Generator: fool the updated discriminator with the same fakes, augmented differently.
        self.discriminator.requires_grad_(False)
        loss_generator = self._generator_loss(fake, classes)
        if self.config.box:
            loss_generator = loss_generator + self.config.box * box_loss(fake, ink)
        _descend(loss_generator, self.generator_optimizer)
        self.discriminator.requires_grad_(True)

        # Average the generator, because the average draws better. It covers few steps at first, to help short runs.
        self.step += 1
        update_ema(self.ema, self.generator, min(self.config.ema_decay, (1 + self.step) / (10 + self.step)))
        return float(loss_discriminator.detach()), float(loss_generator.detach())

    def _discriminator_loss(self, real: Tensor, fake: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        """The discriminator's loss, and the R1 penalty to add to it. real is augmented, fake not: (N, 1, 28, 28).

        The penalty comes every few steps, but that many times stronger (Karras et al. 2020, StyleGAN2, section 3.1).
        """
        gamma, every = self.config.r1_gamma, self.config.r1_every
        is_penalised = gamma > 0 and self.step % every == 0
        real_logits = self._judge(real.requires_grad_(is_penalised), classes)  # (N, K)
        loss = discriminator_loss(real_logits, self._judge(augment(fake, self.config.augment), classes))
        penalty = gamma / 2 * every * r1_penalty(real, real_logits[:, :1]) if is_penalised else loss.new_zeros(())
        return loss, penalty

    def _generator_loss(self, fake: Tensor, classes: Tensor) -> Tensor:
        """The generator's loss for fakes (N, 1, 28, 28), plus recognition if the config gives it a weight.

        A mixture ignores recognition: it would end up drawing only the class that is recognised most easily.
        """
        fake, weight = augment(fake, self.config.augment), self.config.recognition
        discriminator = self.discriminator
        if not (weight and isinstance(discriminator, GuidedDiscriminator)) or discriminator.is_of_mixture:
            return generator_loss(self._judge(fake, classes))
        logits, log_likelihood = discriminator.judge(fake, classes if self.takes_classes else None)
        return generator_loss(logits.float()) + weight * recognition_loss(log_likelihood.float())

    def _next_rows(self) -> Tensor:
        """Indices (batch_size,) of this step's drawings."""
        if self.takes_classes:
            return self.sampler.draw(self.config.batch_size)
        return self.epochs.draw(self.config.batch_size, self.step * self.config.batch_size)

    def _fake(self, classes: Tensor) -> Tensor:
        """Class indices (N,) to fakes (N, 1, 28, 28) from random latents."""
        z = torch.randn(len(classes), self.generator.z_dim, device=self.device)  # (N, Z)
        return self.generator(z, classes) if self.takes_classes else self.generator(z)

    def _judge(self, ink: Tensor, classes: Tensor) -> Tensor:
        """Ink (N, 1, 28, 28) to logits (N, K)."""
        logits = self.discriminator(ink, classes) if self.takes_classes else self.discriminator(ink)
        return logits.reshape(len(ink), -1).float()

    def draw_fixed(self, seeds: range = SHEET_SEEDS) -> np.ndarray:
        """The averaged generator's drawings of fixed seeds, uint8 (len(seeds), 28, 28); a base shows many classes."""
        if not self.takes_classes:
            return draw_seeds(self.ema, seeds)
        return draw_seeds(self.ema, seeds, [seed * 37 % int(self.classes.max() + 1) for seed in seeds])

    def is_finite(self) -> bool:
        """Whether all weights are finite; otherwise a snapshot would be useless."""
        tensors = [tensor for net in self._networks().values() for tensor in net.state_dict().values()]
        return all(bool(tensor.isfinite().all()) for tensor in tensors)

    def tensors(self) -> dict[str, Tensor]:
        """All tensors of a snapshot by name, on the CPU and contiguous, as safetensors needs them."""
        named: dict[str, Tensor] = {}
        for part, net in self._networks().items():
            named |= {f"{part}.{name}": tensor for name, tensor in net.state_dict().items()}
        for part, optimizer in self._optimizers().items():
            for index, slots in optimizer.state_dict()["state"].items():
                named |= {f"{part}.{index}.{slot}": tensor for slot, tensor in slots.items()}
        return {name: tensor.detach().cpu().contiguous() for name, tensor in named.items()}

    def load(self, tensors: dict[str, Tensor], step: int, seconds: float) -> None:
        """Continue from a snapshot. Raises ValueError for tensors that don't belong to these networks."""
        parts: dict[str, dict[str, Tensor]] = {}
        for name, tensor in tensors.items():
            part, _, rest = name.partition(".")
            parts.setdefault(part, {})[rest] = tensor
        try:
            for part, net in self._networks().items():
                net.load_state_dict(parts[part])
            for part, optimizer in self._optimizers().items():
                state: dict[int, dict[str, Tensor]] = {}
                for name, tensor in parts.get(part, {}).items():
                    index, _, slot = name.partition(".")
                    state.setdefault(int(index), {})[slot] = tensor
                optimizer.load_state_dict(optimizer.state_dict() | {"state": state})
        except (KeyError, RuntimeError) as error:
            raise ValueError("The snapshot belongs to other networks; start a new run.") from error
        self.step, self.seconds = step, seconds

    def _adam(self, network: nn.Module) -> torch.optim.Adam:
        config = self.config
        return torch.optim.Adam(network.parameters(), config.learning_rate, betas=(config.beta1, config.beta2))

    def _networks(self) -> dict[str, nn.Module]:
        return {"generator": self.generator, "discriminator": self.discriminator, "ema": self.ema}

    def _optimizers(self) -> dict[str, torch.optim.Optimizer]:
        return {
            "generator_optimizer": self.generator_optimizer,
            "discriminator_optimizer": self.discriminator_optimizer,
        }


def on_device(network: Network, device: torch.device) -> Network:
    """Move a network to a device, with its weights in the layout that convolutions are fast in."""
    return network.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]  # missing in its stubs


def is_fast_at_bfloat16(device: torch.device) -> bool:
    """Whether training in bfloat16 is faster than in float32: only on CPUs with instructions for it."""
    capabilities: dict[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return device.type == "cpu" and any(capabilities.get(name) for name in ("avx512_bf16", "amx_bf16"))


def draw_seeds(generator: GeneratorNetwork, seeds: Iterable[int], classes: Sequence[int] | None = None) -> np.ndarray:
    """A generator's drawings uint8 (len(seeds), 28, 28). classes: an index for each seed, if it knows many classes."""
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
