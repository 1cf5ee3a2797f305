"""Where a connector under test keeps what was rotated."""

import contextlib


class Vault:
    """Tokens in memory."""

    def __init__(self):
        """Empty."""
        self.values = {}

    def load(self, name):
        """The stored value."""
        return self.values.get(name)

    def save(self, name, value):
        """Keep it."""
        self.values[name] = dict(value)

    def locked(self, name):
        """One process, one thread."""
        return contextlib.nullcontext()
