"""Airbyte's public API: URLs and credentials, calls, responses and errors."""
