"""The background service: schedules, jobs, health and a clean stop."""
