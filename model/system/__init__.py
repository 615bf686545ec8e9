"""What differs from machine to machine: the terminal's encoding, proxies."""
