"""A development server on loopback that speaks Airbyte's public API; imports nothing else of the package."""
