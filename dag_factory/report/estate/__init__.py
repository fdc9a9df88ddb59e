"""The estate at a glance: the DAGs of a folder in all environments, and what they need in Airflow."""
