"""Protocols at the seams: connectors and stores."""
