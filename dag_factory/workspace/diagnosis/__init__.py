"""The doctor: what can be found out about an Airbyte, the folder and the installation."""
