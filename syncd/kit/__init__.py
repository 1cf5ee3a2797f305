"""What connectors share: sessions, retries, errors, paging, tokens."""
