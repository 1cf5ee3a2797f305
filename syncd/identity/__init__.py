"""Who is who: participants resolved to users, contacts, leads and prospects."""
