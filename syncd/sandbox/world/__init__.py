"""A generated company: what is true, what the systems say, and what is wrong."""
