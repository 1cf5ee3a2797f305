"""What people read of a plan: one module per format, found by its name."""
