"""Migrations; one file per version."""
