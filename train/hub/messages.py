"""The outcomes of pushes and deployments in words."""

from train.hub.progress import Progress
from train.hub.push import Pushed
from train.hub.space import Deployment
from train.hub.space_plan import SpacePlan
from train.runs.outcome import PromotionKind

MAX_NAMES = 10


def progress_message(progress: Progress) -> str:
    return f"Uploaded {progress.num_done} of {progress.num_total} checkpoints: {progress.url}"


def print_progress(progress: Progress) -> None:
    print(progress_message(progress))


def not_pushed(promotion: PromotionKind | None) -> str:
    """promotion: of the run whose checkpoint wasn't pushed; None if it ended before its generator was measured."""
    if promotion in ("kept", "nothing_to_compare"):
        return "Nothing was pushed: the existing checkpoint was kept."
    return "Nothing was pushed: the run has no checkpoint."


def push_message(pushed: Pushed) -> str:
    if not pushed.classes:
        return f"{pushed.repo} already has all of them; nothing was pushed."
    names = ", ".join(pushed.classes[:MAX_NAMES]) + ("…" if len(pushed.classes) > MAX_NAMES else "")
    checkpoints = f"{_count(len(pushed.classes), 'checkpoint')} ({names})"
    unchanged = f" The repo already has {len(pushed.unchanged)} more." if pushed.unchanged else ""
    if pushed.dry_run:
        return f"Would push {checkpoints} to {pushed.repo}.{unchanged}"
    return f"Pushed {checkpoints}.{unchanged} {pushed.url}"


def deploy_message(deployment: Deployment) -> str:
    plan, url, source = deployment.plan, deployment.url, deployment.source
    if plan.is_empty:
        message = f"{url} is up to date; nothing was changed."
    elif deployment.dry_run:
        message = f"Would {'create' if deployment.is_new else 'update'} {url}: {_changes(plan)}."
    else:
        message = f"{url} is building now: {_changes(plan)}."
    if source and source.files:
        message += f" It takes {_count(len(source.files), 'class', 'classes')} from {source.repo}."
        if source.is_private:
            message += f" {source.repo} is private: give the Space a secret HF_TOKEN that can read it."
    return message


def _changes(plan: SpacePlan) -> str:
    megabytes = sum(map(len, plan.files_to_write.values())) / 1e6
    parts = []
    if plan.files_to_write:
        parts.append(f"{_count(len(plan.files_to_write), 'file')} ({megabytes:.1f} MB)")
    if plan.files_to_delete:
        parts.append(f"{_count(len(plan.files_to_delete), 'old file')} removed")
    parts += [f"{key}={value}" for key, value in plan.settings.items()]
    if plan.hardware:
        parts.append(f"on {plan.hardware}")
    return ", ".join(parts)


def _count(number: int, singular: str, plural: str = "") -> str:
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"
