"""The documentation: generated pages, the build of the site, and its checks."""
