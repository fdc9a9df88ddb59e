"""Calls to one Airbyte: where it is, patience, and lists without order."""
