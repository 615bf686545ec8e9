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


def r1_penalty(real: Tensor, logits: Tensor) -> Tensor:
    """Mean squared gradient norm at real drawings (Mescheder et al. 2018, eq. 9). real (N, 1, H, W), logits (N,)."""
    (gradient,) = torch.autograd.grad(logits.sum(), real, create_graph=True)
    return gradient.square().sum((1, 2, 3)).mean()
