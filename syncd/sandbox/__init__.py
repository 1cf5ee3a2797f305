"""Four local services that behave like the vendors, over one generated company."""
