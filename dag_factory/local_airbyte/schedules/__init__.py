"""Schedules of connections: what their texts mean, and when the next sync is due."""
