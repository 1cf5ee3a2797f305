"""A local Chorus: engagements that fill in late, read-only."""
