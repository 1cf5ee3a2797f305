"""What an org does around the writes of each object, one module per behaviour."""
