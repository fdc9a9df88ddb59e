"""From the model of a configuration to Airflow's DAG."""
