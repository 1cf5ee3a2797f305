"""syncd upholds a sales team's practices for logging activities."""
