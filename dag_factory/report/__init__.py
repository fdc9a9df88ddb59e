"""Reports and explanations: diagnostics and DAGs as text and other formats, by pure functions."""
