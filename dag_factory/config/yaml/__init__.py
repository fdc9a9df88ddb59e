"""YAML text to documents of plain values, and from a path back to its position."""
