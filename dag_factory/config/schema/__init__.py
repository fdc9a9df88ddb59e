"""Documents against the JSON Schema, and messages that people understand."""
