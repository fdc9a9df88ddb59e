"""Defaults and environments laid over a document, and the typed DAG that they give."""
