"""A plan applied by real processes that are killed while the services misbehave."""
