"""The documentation: what is generated, how it is built into a site, and what the site is held to."""
