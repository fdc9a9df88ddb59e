"""A development server on the loopback interface that speaks Airbyte's public API."""
