"""Airbyte beside the repository: pull its snapshot, import and take over its schedules, ask it questions."""
