"""The rules: one file each, found by its name; a leading underscore is shared code."""
