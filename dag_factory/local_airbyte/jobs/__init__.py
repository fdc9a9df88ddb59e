"""Runs jobs: a thread for each, the sources they read and what they write."""
