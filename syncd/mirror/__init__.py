"""The local copy of all records: commit, filing, and loading of homes."""
