"""Checks documents against the JSON Schema and explains what is invalid."""
