"""The commands about an Airbyte: pull, import, take-over and doctor."""
