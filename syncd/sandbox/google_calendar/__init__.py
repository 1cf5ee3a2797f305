"""A local Google Calendar: copies of events per person, sync tokens, versions."""
