"""Who is on an opportunity on both sides, compared with what both last agreed on."""
