"""The command `demo`: run every DAG once and show the results."""
