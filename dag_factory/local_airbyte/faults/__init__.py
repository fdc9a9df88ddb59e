"""Injected faults: which calls they match and how they change the answer."""
