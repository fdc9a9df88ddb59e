"""What a change of the configurations does to Airflow, from two revisions of them."""
