"""Variants of the recipe: other losses, rates, batch sizes, augmentation. benchmarks/ablations.py compares them."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from model.quickdraw.images import to_ink
from train.augment import augment
from train.config import DOODLE, SUPERDEEP, Config
from train.losses import r1_penalty
from train.training import Training


class Relativistic(Training):
    """Compares real and fake drawings in pairs (Jolicoeur-Martineau 2019, "The Relativistic Discriminator", eq. 9)."""

    def _discriminator_loss(self, real: Tensor, fake: Tensor, classes: Tensor) -> tuple[Tensor, Tensor]:
        penalised = self.config.r1_gamma > 0 and self.step % self.config.r1_every == 0
        real_logits = self._judge(real.requires_grad_(penalised), classes)
        fake = augment(fake, self.config.augment)
        fake_logits = self._judge(fake.requires_grad_(penalised), classes)
        self.real_logits = real_logits.detach()
        loss = F.softplus(fake_logits - real_logits).mean()
        if not penalised:
            return loss, loss.new_zeros(())
        weight = self.config.r1_gamma / 2 * self.config.r1_every
        return loss, weight * self._penalty(real, real_logits, fake, fake_logits)

    def _penalty(self, real: Tensor, real_logits: Tensor, fake: Tensor, fake_logits: Tensor) -> Tensor:
        return r1_penalty(real, real_logits[:, :1])

    def _generator_loss(self, fake: Tensor, classes: Tensor) -> Tensor:
        return F.softplus(self.real_logits - self._judge(augment(fake, self.config.augment), classes)).mean()


class RelativisticRegularised(Relativistic):
    """The same, with the penalty on fakes as well (Huang et al. 2024, "The GAN is dead; long live the GAN!")."""

    def _penalty(self, real: Tensor, real_logits: Tensor, fake: Tensor, fake_logits: Tensor) -> Tensor:
        return r1_penalty(real, real_logits[:, :1]) + r1_penalty(fake, fake_logits[:, :1])


class AdaptiveAugmentation(Training):
    """Augments more when the discriminator is too sure of real drawings (Karras et al. 2020, "Training GANs with
    Limited Data", section 3.2): keeps the mean sign of its logits near 0.6, in steps of 0.01."""

    def _judge(self, ink: Tensor, classes: Tensor) -> Tensor:
        self.latest_logits.append(logits := super()._judge(ink, classes))
        return logits

    def _advance(self) -> tuple[float, float]:
        self.latest_logits: list[Tensor] = []  # of real drawings, fakes, and fakes again
        losses = super()._advance()
        too_sure = float(self.latest_logits[0][:, 0].detach().sign().mean()) > 0.6
        strength = self.config.augment + (0.01 if too_sure else -0.01)
        self.config = replace(self.config, augment=min(3.0, max(0.1, strength)))
        return losses


class MatchingFeatures(Training):
    """The generator also matches the mean features of real drawings (Salimans et al. 2016, section 3.1)."""

    def _generator_loss(self, fake: Tensor, classes: Tensor) -> Tensor:
        real = to_ink(self.drawings[self._next_rows().numpy()], self.device)
        features = self.discriminator.feature_network
        gap = features(fake)[1].mean(0) - features(real)[1].mean(0)
        return super()._generator_loss(fake, classes) + gap.square().mean()


class FreshNorms(Training):
    """Measures the batch norms of the averaged generator again, on its own drawings."""

    def finish(self) -> None:
        for module in self.ema.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.reset_running_stats()
                module.momentum = None
        self.ema.train()
        with torch.no_grad():
            for _ in range(30):
                self.ema(torch.randn(64, self.ema.z_dim, device=self.device))
        self.ema.eval()


def with_rate(change: Callable[[Training, float], None]) -> Callable[[Training], None]:
    """Call `change` whenever the learning rate is set, with the training and the fraction of it that is done."""

    def prepare(training: Training) -> None:
        set_rate = training.set_rate

        def set_both(fraction: float) -> None:
            set_rate(fraction)
            change(training, fraction)

        training.set_rate = set_both

    return prepare


def rates(discriminator: float) -> Callable[[Training], None]:
    """Multiply the discriminator's learning rate: two time scales (Heusel et al. 2017)."""

    def change(training: Training, fraction: float) -> None:
        for group in training.discriminator_optimizer.param_groups:
            group["lr"] *= discriminator

    return with_rate(change)


@with_rate
def larger_late(training: Training, fraction: float) -> None:
    """Use batches of 128 in the last third."""
    if fraction > 2 / 3:
        training.config = replace(training.config, batch_size=128)


def channels_first(training: Training) -> None:
    for net in (training.generator, training.discriminator, training.ema):
        net.to(memory_format=torch.contiguous_format)


def frozen(*parts: str) -> Callable[[Training], None]:
    """Keep some of the generator's layers as they are in the base."""

    def prepare(training: Training) -> None:
        for part in parts:
            getattr(training.generator, part).requires_grad_(False)

    return prepare


def compiled(training: Training) -> None:
    """Compile only the generator: R1 differentiates the discriminator twice, which compiled code can't do."""
    training.generator.compile()


@dataclass(frozen=True)
class Variant:
    name: str
    config: Config = DOODLE
    training: type[Training] = Training
    prepare: Callable[[Training], None] = field(default=lambda training: None)


VARIANTS = (
    Variant("ours"),
    Variant("superdeep, the student project's recipe", SUPERDEEP),
    Variant("from scratch", replace(DOODLE, from_base=False)),
    Variant("from scratch, no feature network", replace(DOODLE, from_base=False, discriminator="doodle")),
    Variant("no augmentation", replace(DOODLE, augment=0.0)),
    Variant("augmentation x2", replace(DOODLE, augment=2.0)),
    Variant("recognition 0.1", replace(DOODLE, recognition=0.1)),
    Variant("recognition 0.2", replace(DOODLE, recognition=0.2)),
    Variant("adaptive augmentation", training=AdaptiveAugmentation),
    Variant("no R1", replace(DOODLE, r1_gamma=0.0)),
    Variant("R1 gamma 0.5", replace(DOODLE, r1_gamma=0.5)),
    Variant("R1 at every step", replace(DOODLE, r1_every=1)),
    Variant("rate 5e-4", replace(DOODLE, learning_rate=5e-4)),
    Variant("rate 1e-3", replace(DOODLE, learning_rate=1e-3)),
    Variant("rate 4e-3", replace(DOODLE, learning_rate=4e-3)),
    Variant("rate down to a tenth", replace(DOODLE, final_rate=0.1)),
    Variant("discriminator's rate x2", prepare=rates(2.0)),
    Variant("discriminator's rate x0.5", prepare=rates(0.5)),
    Variant("batch 32", replace(DOODLE, batch_size=32)),
    Variant("batch 128", replace(DOODLE, batch_size=128)),
    Variant("batch 128 in the last third", prepare=larger_late),
    Variant("EMA 0.99", replace(DOODLE, ema_decay=0.99)),
    Variant("EMA 0.9995", replace(DOODLE, ema_decay=0.9995)),
    Variant("momentum 0.5", replace(DOODLE, beta1=0.5)),
    Variant("relativistic pairs", training=Relativistic),
    Variant("relativistic pairs, R1 and R2", training=RelativisticRegularised),
    Variant("feature matching", training=MatchingFeatures),
    Variant("generator's first layer frozen", prepare=frozen("to_grid")),
    Variant("all but its last two layers frozen", prepare=frozen("to_grid", "block7", "block14")),
    Variant("batch norms measured again", training=FreshNorms),
    Variant("float32", replace(DOODLE, bfloat16=False)),
    Variant("channels first", prepare=channels_first),
    Variant("torch.compile of the generator", prepare=compiled),
)
