"""The append-only journal of every write, and the saved plans."""
