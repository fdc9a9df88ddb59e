"""HTTP clients, for a worker and for a triggerer."""
