"""The association measured on worlds whose truth is known."""
