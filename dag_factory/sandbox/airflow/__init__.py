"""An Airflow with a home of its own: its settings, its DAGs folder and a client of its REST API."""
