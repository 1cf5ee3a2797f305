"""The pipeline: from the mirror to a plan."""
