"""One module per command; its ``COMMAND`` is a Typer function of the same name."""
