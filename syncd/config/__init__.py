"""Reading syncd.toml and policy.toml: every problem at once, each with its remedy."""
