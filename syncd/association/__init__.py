"""Which opportunity or case an interaction belongs to, with the evidence."""
