"""The feature network gives the same outputs folded, doesn't change in training, and comes with the base."""

from dataclasses import replace

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save

from benchmarks.harness.drawings import suns
from model.files.classifiers import FEATURE_NETWORK_NAME, load_feature_network, save_feature_network
from model.files.shared_base import read_base
from model.files.weights import CheckpointError, content_hash
from model.networks.feature_network import FeatureClassifier, FeatureNetwork, fold
from model.networks.guided_discriminator import GuidedDiscriminator
from model.quickdraw.classes import CLASS_NAMES
from tests.support.samples import SMALL, as_drawings
from train.grow import find_feature_network, grow_from_base, save_base
from train.home import Home
from train.losses import generator_loss
from train.training import Training

GUIDED = replace(SMALL, discriminator="guided", z_dim=4)


@pytest.fixture(scope="module")
def classifier() -> FeatureClassifier:
    torch.manual_seed(0)
    classifier = FeatureClassifier()
    for _ in range(5):
        classifier(torch.rand(16, 1, 28, 28))
    return classifier.eval()


@pytest.fixture(scope="module")
def network(classifier) -> FeatureNetwork:
    return fold(classifier)


def test_folding_does_not_change_the_outputs(classifier, network):
    ink = torch.rand(5, 1, 28, 28)
    x7, x4, logits = network(ink)
    assert x7.shape == (5, 64, 7, 7) and x4.shape == (5, 128, 4, 4)
    assert (logits - classifier(ink)).abs().max() < 1e-3
    assert not list(network.parameters()), "it has nothing to train"


def test_a_feature_network_survives_its_file(tmp_path, network):
    path = tmp_path / FEATURE_NETWORK_NAME
    save_feature_network(path, network, "made for a test")
    ink = torch.rand(5, 1, 28, 28)
    assert (load_feature_network(path)(ink)[2] - network(ink)[2]).abs().max() < 0.05
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(CheckpointError, match="damaged"):
        load_feature_network(path)


def test_the_last_logit_grows_with_the_likelihood_of_the_class(network):
    discriminator = GuidedDiscriminator(4, 1)
    discriminator.feature_network.load_state_dict(network.state_dict())
    ink = torch.rand(8, 1, 28, 28)
    likeliest = int(network(ink)[2].mean(0).argmax())
    with torch.no_grad():  # makes the logit the plain sum of its two inputs
        discriminator.of_recognition = torch.nn.Linear(2, 1)
        discriminator.of_recognition.weight.fill_(1.0)
    discriminator.recognised[0, likeliest] = 1
    likely = discriminator(ink)[:, 3]
    discriminator.recognised[0] = torch.eye(345)[int(network(ink)[2].mean(0).argmin())]
    assert (likely > discriminator(ink)[:, 3]).all()


@pytest.mark.parametrize("layout_rank", [0, 16])
def test_a_class_grown_from_a_guided_base_starts_with_its_drawings_and_logits(tmp_path, network, layout_rank):
    classes, config = torch.arange(345).numpy(), replace(GUIDED, layout_rank=layout_rank)
    base = Training(replace(config, batch_size=32), as_drawings(suns(1).repeat(345, 0), classes), 345)
    base.use_feature_network(network, classes)
    before = {name: tensor.clone() for name, tensor in base.discriminator.feature_network.state_dict().items()}
    for _ in range(3):
        base.advance()
    after = base.discriminator.feature_network.state_dict()
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert base.generator.block7.norm.bias.shared.abs().max() > 0, "the class embedding is used"

    path = save_base(tmp_path / "checkpoints", base, {"sun": 1})
    alone = Training(config, as_drawings(suns(20)))
    assert grow_from_base(alone, read_base(path), ("sun",))
    index, ink, z = CLASS_NAMES.index("sun"), torch.rand(4, 1, 28, 28), torch.randn(4, 4)
    indices = torch.full((4,), index)
    assert (alone.ema(z) - base.ema(z, indices)).abs().max() < 0.01
    assert (alone.discriminator(ink) - base.discriminator(ink, indices)).abs().max() < 0.05
    alone.advance()
    assert not grow_from_base(
        Training(replace(config, layout_rank=8), as_drawings(suns(20))), read_base(path), ("sun",)
    )
    unsaturated = Training(replace(config, saturation=0.0), as_drawings(suns(20)))
    assert grow_from_base(unsaturated, read_base(path), ("sun",)), "no weight depends on the saturation"

    drawn = read_base(path).generator_of("sun")
    assert (drawn(z) - base.ema(z, indices)).abs().max() < 0.01
    loaded = find_feature_network(Home(tmp_path))
    assert (loaded(ink)[2] - network(ink)[2]).abs().max() < 0.05, "the base's file contains the feature network"


def test_a_base_with_older_tensor_names_gives_the_same_drawings_and_weights(tmp_path, network):
    classes = torch.arange(345).numpy()
    base = Training(GUIDED, as_drawings(suns(1).repeat(345, 0), classes), 345)
    base.use_feature_network(network, classes)
    path = save_base(tmp_path, base, {"sun": 1})
    tensors = load_file(path)
    old = {
        name.replace("feature_network", "guide").replace("class_embedding", "known"): t for name, t in tensors.items()
    }
    assert {"generator.known", "discriminator.guide.to14_kernel"} <= old.keys() - tensors.keys()
    with safe_open(path, "pt") as file:
        header = file.metadata()
    old_path = tmp_path / "old" / path.name
    old_path.parent.mkdir()
    old_path.write_bytes(save(old, header | {"sha256": content_hash(old)}))
    today, older = read_base(path), read_base(old_path)
    z = torch.randn(4, 4)
    assert torch.equal(older.generator_of("sun")(z), today.generator_of("sun")(z))
    assert older.tensors.keys() == today.tensors.keys()
    assert all(torch.equal(older.tensors[name], tensor) for name, tensor in today.tensors.items())


def test_a_mixture_is_recognised_as_any_of_its_classes(network):
    mixture = Training(GUIDED, as_drawings(suns(20)))
    mixture.use_feature_network(network, [3, 7])
    assert mixture.discriminator.recognised[0].nonzero().flatten().tolist() == [3, 7]
    mixture.advance()


def test_recognised_drawings_lower_the_generators_loss(network):
    training = Training(replace(GUIDED, recognition=0.5, augment=0.0), as_drawings(suns(20)))
    ink = torch.rand(8, 1, 28, 28)
    likelihood = network(ink)[2].log_softmax(1)
    likeliest, unlikeliest = int(likelihood.mean(0).argmax()), int(likelihood.mean(0).argmin())

    def recognition(*classes: int) -> float:
        training.discriminator.recognised.zero_()
        training.use_feature_network(network, classes)
        with torch.no_grad():
            return float(training._generator_loss(ink, None) - generator_loss(training._judge(ink, None)))

    assert recognition(likeliest) == pytest.approx(-0.5 * float(likelihood[:, likeliest].mean()), abs=1e-3)
    assert recognition(likeliest) < recognition(unlikeliest)
    assert recognition(likeliest, unlikeliest) == 0, "a mixture mustn't become its easier class"
