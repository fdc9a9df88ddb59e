"""The HTTP side: the public API, the admin path and the checks before them."""
