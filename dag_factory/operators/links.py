"""The link from a task in Airflow's UI to the connection's page in Airbyte."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperatorLink, XCom

from dag_factory.operators.results import PAGE_KEY

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import BaseOperator


class AirbyteConnectionLink(BaseOperatorLink):
    """The page of the connection's jobs.

    Airflow 3 stores the URL as an XCom that the worker writes when a try ends; the operators write it
    as soon as they know it. Airflow 2 calls this class in the web server, which finds it by the entry point
    `apache_airflow_provider`.
    """

    name = "Airbyte connection"

    @property
    def xcom_key(self) -> str:
        """The XCom that holds the URL."""
        return PAGE_KEY

    def get_link(self, operator: BaseOperator, *, ti_key: Any) -> str:  # noqa: ANN401 (per version)
        """Return the URL that the task has found in this try, else the stored one; may be empty."""
        page = getattr(operator, "page", None)
        if page is None:
            page = XCom.get_value(ti_key=ti_key, key=PAGE_KEY)
        return page or ""
