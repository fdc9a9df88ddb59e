"""Diagnostics to text and other formats: pure functions over `config.diagnostics`."""
