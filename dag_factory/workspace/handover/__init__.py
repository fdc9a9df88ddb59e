"""Take-overs: a DAG's connections change from Airbyte's schedules to Airflow's, without a gap."""
