"""A development server on loopback that speaks the public API of Airbyte; imports nothing else of the package."""
