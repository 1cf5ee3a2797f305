"""The whole system in one process, driven by one seed; see docs/simulation.md."""
