"""From vendor records to entities, and from changes back to vendor fields."""
