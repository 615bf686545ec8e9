"""Addresses in messages and logs."""

import re


def hide_passwords(text: str) -> str:
    """A text whose addresses have no names and passwords: `http://name:password@host/` becomes `http://host/`."""
    return re.sub(r"(?<=://)[^/\s]*@", "", text)
