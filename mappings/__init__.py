"""Declarative field maps (one TOML per system and object) and value tables."""
