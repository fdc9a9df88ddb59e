"""The command line: one module per command, and `main` with what they share."""
