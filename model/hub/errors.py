"""What goes wrong with the Hugging Face Hub, worded here: every failure becomes a HubError of one sentence."""

import contextlib
import errno
import os
from collections.abc import Iterator, Mapping

from huggingface_hub import constants
from huggingface_hub.errors import (
    HfHubHTTPError,
    HTTPError,
    LocalEntryNotFoundError,
    LocalTokenNotFoundError,
    OfflineModeIsEnabled,
)
from huggingface_hub.utils import parse_ratelimit_headers

from model.system.proxies import proxy_for

_TRANSIENT = (408, 500, 502, 503, 504)
_CANT_WRITE = (errno.EACCES, errno.EPERM, errno.EROFS, errno.ENOSPC, errno.EDQUOT)


class HubError(ValueError):
    """A request to the Hub that failed; the message says why and what to do.

    status: HTTP status of the Hub's answer, None without one. wait_seconds: how long the Hub asks us to wait, if it
    does. is_transient: whether the same request may succeed later.
    """

    def __init__(
        self,
        message: str,
        status: int | None = None,
        *,
        wait_seconds: float | None = None,
        is_transient: bool = False,
    ):
        super().__init__(message)
        self.status, self.wait_seconds, self.is_transient = status, wait_seconds, is_transient


@contextlib.contextmanager
def hub_errors(name: str) -> Iterator[None]:
    """Turn the errors of huggingface_hub and of the network into HubErrors. name: of the repo or file, to mention."""
    try:
        yield
    except OfflineModeIsEnabled as error:
        raise _offline(name) from error
    except LocalTokenNotFoundError as error:
        raise HubError("There is no token for the Hub; run `hf auth login`, or set HF_TOKEN.", 401) from error
    except HfHubHTTPError as error:
        raise _refused(name, error) from error
    except LocalEntryNotFoundError as error:
        cause = error.__cause__
        if isinstance(cause, HfHubHTTPError):
            raise _refused(name, cause) from error
        if isinstance(cause, OfflineModeIsEnabled):
            raise _offline(name) from error
        if isinstance(cause, OSError) and cause.errno in _CANT_WRITE:
            raise _cant_write(cause) from error
        message = f"The Hub can't be reached, and {name} isn't in the cache; check {_connection()} and try again."
        raise HubError(message, is_transient=True) from error
    except (HTTPError, OSError) as error:
        if isinstance(error, OSError) and error.errno in _CANT_WRITE:
            raise _cant_write(error) from error
        message = (
            f"The connection to the Hub was lost ({name}: {type(error).__name__}); check {_connection()} and try again."
        )
        raise HubError(message, is_transient=True) from error


def _connection() -> str:
    """What to check if there is no answer."""
    proxy = proxy_for(os.environ.get("HF_ENDPOINT") or constants.ENDPOINT)
    return f"the connection and the proxy in {proxy}" if proxy else "the connection"


def _cant_write(error: OSError) -> HubError:
    """The sentence for files from the Hub that can't be kept."""
    return HubError(
        f"Files from the Hub can't be kept in {constants.HF_HOME} ({error.strerror}); set HF_HOME to a folder that "
        "the app may write to."
    )


def _offline(name: str) -> HubError:
    return HubError(f"HF_HUB_OFFLINE is set, so {name} can't be fetched; unset it and try again.")


def _refused(name: str, error: HfHubHTTPError) -> HubError:
    """The sentence for an answer with an error status."""
    status = error.response.status_code
    if status == 429:
        seconds = _seconds_to_wait(error.response.headers)
        when = f"in {seconds:.0f} seconds" if seconds else "in a while"
        message = f"The Hub is getting too many requests from this address; try again {when}."
        return HubError(message, 429, wait_seconds=seconds, is_transient=True)
    if status in _TRANSIENT:
        return HubError(f"The Hub is having problems ({status}); try again in a while.", status, is_transient=True)
    someone_else = f"Someone else has just changed {name}; try again."
    known = {
        401: f"The Hub doesn't accept this token, or {name} needs one; log in again with `hf auth login`.",
        403: f"This token may not write to {name}; create one that may at https://huggingface.co/settings/tokens.",
        404: f"There is no {name} on the Hub, or this token can't see it; check its name.",
        409: someone_else,
        412: someone_else,
    }
    reason = (error.server_message or "").strip().partition("\n")[0][:160]
    other = f"The Hub refused the request for {name} ({status}{': ' + reason if reason else ''})."
    return HubError(known.get(status, other), status)


def _seconds_to_wait(headers: Mapping[str, str]) -> float | None:
    """What Retry-After says, or the IETF's draft of RateLimit headers that the Hub sends."""
    retry_after = headers.get("retry-after", "").strip()
    if retry_after.isdigit():
        return float(retry_after)
    limit = parse_ratelimit_headers(headers)
    return limit.reset_in_seconds + 1.0 if limit else None  # the Hub rounds down
