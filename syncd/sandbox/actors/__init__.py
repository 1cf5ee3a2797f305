"""Outside actors: what other tools do in the same systems at the same time."""
