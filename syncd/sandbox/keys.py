"""The key pairs of the simulated services."""

from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa


@cache
def private_key(_service: str) -> rsa.RSAPrivateKey:
    """A service's own key: made once a process, as that takes a tenth of a second."""
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)
