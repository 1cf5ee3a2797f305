"""How good the association is: labels in, figures out. Pure."""
