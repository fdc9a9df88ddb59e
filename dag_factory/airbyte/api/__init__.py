"""Airbyte's public API: addresses and credentials, calls, responses and errors."""
