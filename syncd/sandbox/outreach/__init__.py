"""A local Outreach: JSON:API over resources in memory."""
