"""A plan as text, markdown, annotations and JSON."""
