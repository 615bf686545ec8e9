"""The proxies of the environment: never used for this machine itself, and checked before a request fails.

Proxies come from http_proxy, https_proxy and all_proxy, and on Windows and macOS from the system's settings.
"""

import os
from urllib.request import getproxies, proxy_bypass

import httpx

_SCHEMES = ("http", "https", "all")
_LOOPBACK = ("localhost", "127.0.0.1", "::1")


def prepare_proxies() -> None:
    """Exempt this machine from all proxies, for this process and those that it starts.

    Raises ValueError with a sentence for a proxy that no request can use.
    """
    proxies = {scheme: proxy for scheme, proxy in getproxies().items() if scheme in _SCHEMES and proxy}
    for scheme, proxy in proxies.items():
        name = f"{scheme}_proxy"
        try:
            address = httpx.URL(proxy if "://" in proxy else f"http://{proxy}")
            if not address.host or "%" in address.host:  # characters that no host has
                raise httpx.InvalidURL("no host")
            httpx.HTTPTransport(proxy=httpx.Proxy(address), verify=False).close()
        except (ValueError, ImportError, httpx.InvalidURL) as error:  # not quoted: the address may hold a password
            raise ValueError(
                f"{name} is not the address of a proxy; write http://host:port or socks5://host:port, or unset it."
            ) from error
        os.environ.setdefault(name, proxy)  # no_proxy would make Python ignore the system's settings
    if proxies:
        exempt = [host.strip() for host in getproxies().get("no", "").split(",") if host.strip()]
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = ",".join(dict.fromkeys([*exempt, *_LOOPBACK]))
        try:
            httpx.Client(verify=False).close()
        except httpx.InvalidURL as error:
            raise ValueError("no_proxy is not a list of hosts separated by commas; correct it, or unset it.") from error


def proxy_for(url: str) -> str:
    """The name of the variable whose proxy requests to an address use; empty if they use none."""
    address = httpx.URL(url)
    if proxy_bypass(address.host):
        return ""
    proxies = getproxies()
    return next((f"{scheme}_proxy" for scheme in (address.scheme, "all") if proxies.get(scheme)), "")
