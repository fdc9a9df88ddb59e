"""Imports: from a snapshot's connections to configurations, with Airbyte's schedules in our words."""
