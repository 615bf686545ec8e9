"""Variants of the recipe: other losses, rates, batches or augmentation, each a line of ABLATIONS.md."""

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
    """Real and fake in pairs (Jolicoeur-Martineau 2019, "The Relativistic Discriminator", eq. 9)."""

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
    """The same, with the penalty on fakes too (Huang et al. 2024, "The GAN is dead; long live the GAN!")."""

    def _penalty(self, real: Tensor, real_logits: Tensor, fake: Tensor, fake_logits: Tensor) -> Tensor:
        return r1_penalty(real, real_logits[:, :1]) + r1_penalty(fake, fake_logits[:, :1])


class AdaptiveAugmentation(Training):
    """Augments more, the surer the discriminator is of real drawings (Karras et al. 2020, "Training GANs with
    Limited Data", section 3.2): its sign is brought to 0.6 on average, in steps of a hundredth."""

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
    """The generator also brings its mean features, in the feature network, to the real ones' (Salimans 2016, 3.1)."""

    def _generator_loss(self, fake: Tensor, classes: Tensor) -> Tensor:
        real = to_ink(self.drawings[self._next_rows().numpy()], self.device)
        features = self.discriminator.feature_network
        gap = features(fake)[1].mean(0) - features(real)[1].mean(0)
        return super()._generator_loss(fake, classes) + gap.square().mean()


class FreshNorms(Training):
    """The average's batch norms measured anew on its own drawings."""

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
    """What changes whenever the learning rate is set: of a training, after a fraction of the whole."""

    def prepare(training: Training) -> None:
        set_rate = training.set_rate

        def set_both(fraction: float) -> None:
            set_rate(fraction)
            change(training, fraction)

        training.set_rate = set_both

    return prepare


def rates(discriminator: float) -> Callable[[Training], None]:
    """The discriminator's learning rate times a factor: two time scales (Heusel et al. 2017)."""

    def change(training: Training, fraction: float) -> None:
        for group in training.discriminator_optimizer.param_groups:
            group["lr"] *= discriminator

    return with_rate(change)


@with_rate
def larger_late(training: Training, fraction: float) -> None:
    """Batches of 128 in the last third."""
    if fraction > 2 / 3:
        training.config = replace(training.config, batch_size=128)


def channels_first(training: Training) -> None:
    for net in (training.generator, training.discriminator, training.ema):
        net.to(memory_format=torch.contiguous_format)


def frozen(*parts: str) -> Callable[[Training], None]:
    """Some of the generator's layers stay as the base has them."""

    def prepare(training: Training) -> None:
        for part in parts:
            getattr(training.generator, part).requires_grad_(False)

    return prepare


def compiled(training: Training) -> None:
    """The generator alone: R1 differentiates the discriminator twice, which compiled code can't."""
    training.generator.compile()


@dataclass(frozen=True)
class Try:
    what: str
    config: Config = DOODLE
    training: type[Training] = Training
    prepare: Callable[[Training], None] = field(default=lambda training: None)


TRIES = (
    Try("ours"),
    Try("superdeep, the student project's", SUPERDEEP),
    Try("from nothing", replace(DOODLE, from_base=False)),
    Try("from nothing, no guide", replace(DOODLE, from_base=False, discriminator="doodle")),
    Try("no augmentation", replace(DOODLE, augment=0.0)),
    Try("augmentation x2", replace(DOODLE, augment=2.0)),
    Try("recognition 0.1", replace(DOODLE, recognition=0.1)),
    Try("recognition 0.2", replace(DOODLE, recognition=0.2)),
    Try("adaptive augmentation", training=AdaptiveAugmentation),
    Try("no R1", replace(DOODLE, r1_gamma=0.0)),
    Try("R1 gamma 0.5", replace(DOODLE, r1_gamma=0.5)),
    Try("R1 at every step", replace(DOODLE, r1_every=1)),
    Try("rate 5e-4", replace(DOODLE, learning_rate=5e-4)),
    Try("rate 1e-3", replace(DOODLE, learning_rate=1e-3)),
    Try("rate 4e-3", replace(DOODLE, learning_rate=4e-3)),
    Try("rate down to a tenth", replace(DOODLE, final_rate=0.1)),
    Try("discriminator's rate x2", prepare=rates(2.0)),
    Try("discriminator's rate x0.5", prepare=rates(0.5)),
    Try("batch 32", replace(DOODLE, batch_size=32)),
    Try("batch 128", replace(DOODLE, batch_size=128)),
    Try("batch 128 in the last third", prepare=larger_late),
    Try("EMA 0.99", replace(DOODLE, ema_decay=0.99)),
    Try("EMA 0.9995", replace(DOODLE, ema_decay=0.9995)),
    Try("momentum 0.5", replace(DOODLE, beta1=0.5)),
    Try("relativistic pairs", training=Relativistic),
    Try("relativistic pairs, R1 and R2", training=RelativisticRegularised),
    Try("feature matching", training=MatchingFeatures),
    Try("generator's first layer frozen", prepare=frozen("to_grid")),
    Try("all but its last two layers frozen", prepare=frozen("to_grid", "block7", "block14")),
    Try("batch norms measured anew", training=FreshNorms),
    Try("float32", replace(DOODLE, bfloat16=False)),
    Try("channels first", prepare=channels_first),
    Try("torch.compile of the generator", prepare=compiled),
)
