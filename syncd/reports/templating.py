"""The package's own page and picture templates."""

from functools import cache
from importlib.resources import files

import jinja2


@cache
def template(name: str) -> jinja2.Template:
    """A template by its file name; it escapes what it is given."""
    text = (files("syncd.reports") / "templates" / name).read_text("utf-8")
    environment = jinja2.Environment(
        autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    return environment.from_string(text)
