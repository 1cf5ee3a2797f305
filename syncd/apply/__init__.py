"""Writing a plan's changes: intent, look again, write, outcome, verify."""
