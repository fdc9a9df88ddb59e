"""Pulls: from the lists of an Airbyte to the files of a snapshot, and what has changed since."""
