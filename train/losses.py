"""The losses of both networks."""

import torch
from torch import Tensor
from torch.nn import functional as F


def discriminator_loss(real_logits: Tensor, fake_logits: Tensor) -> Tensor:
    """Real up, fake down: binary cross-entropy of the logits' sigmoids (Goodfellow et al. 2014, eq. 1).

    Logits (N, K), or (N,) from a discriminator with one. Like the losses below, a mean over all logits.
    """
    return F.softplus(-real_logits).mean() + F.softplus(fake_logits).mean()


def generator_loss(fake_logits: Tensor) -> Tensor:
    """Fake up: binary cross-entropy against "real", the non-saturating form (Goodfellow et al. 2014, section 3)."""
    return F.softplus(-fake_logits).mean()


def recognition_loss(log_likelihood: Tensor) -> Tensor:
    """Cross-entropy of the fakes' class (Odena et al. 2017, "AC-GAN", eq. 2). log_likelihood (N,).

    In that paper the discriminator learns to classify, too; here, a classifier trained on real drawings does it.
    """
    return -log_likelihood.mean()


def box_loss(fake: Tensor, real: Tensor) -> Tensor:
    """How much fakes overstep or underfill their box, compared with real drawings: ink (N, 1, H, W) and (M, 1, H, W).

    The dataset scales every drawing until its larger side is 26 of 28 pixels. So real drawings leave a margin of one
    pixel empty, and touch two opposite edges of the box inside it. A discriminator hardly learns this by itself.
    """
    (margin, touch), (real_margin, real_touch) = _margin_and_touch(fake), _margin_and_touch(real.detach())
    return F.relu(margin - real_margin.mean()).mean() + F.relu(real_touch.mean() - touch).mean()


def _margin_and_touch(ink: Tensor) -> tuple[Tensor, Tensor]:
    """Ink (N, 1, H, W) to how dark its margin is, and the lines that touch the box, (N,) each.

    The darkest pixel stands for each line. Of two opposite edges the paler one counts, and of both pairs the darker.
    """
    rows, columns = ink.amax(3)[:, 0], ink.amax(2)[:, 0]  # (N, H), (N, W)
    margin = rows[:, 0] + rows[:, -1] + columns[:, 0] + columns[:, -1]
    across, down = (torch.minimum(lines[:, 1], lines[:, -2]) for lines in (columns, rows))
    return margin, torch.maximum(across, down)


def r1_penalty(real: Tensor, logits: Tensor) -> Tensor:
    """Mean squared gradient norm at real drawings (Mescheder et al. 2018, eq. 9). real (N, 1, H, W), logits (N,)."""
    (gradient,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()
