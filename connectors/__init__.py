"""One package per remote system; each is found by its name at run time."""
