"""URIs of assets: the default one of a sync, and which Airflow accepts."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

# Scheme to the form that its provider asks for (`sanitize_uri` in the package `assets` of each), and to how
# many names the path has. Whether the provider is installed, only the deployment knows.
_FORMS = {
    "s3": ("s3://bucket/key", None),
    "gs": ("gs://bucket/key", None),
    "file": ("file:///path", None),
    "mysql": ("mysql://host/database/table", 2),
    "mariadb": ("mariadb://host/database/table", 2),
    "postgres": ("postgres://host/database/schema/table", 3),
    "postgresql": ("postgresql://host/database/schema/table", 3),
    "redshift": ("redshift://host/database/schema/table", 3),
    "trino": ("trino://host/catalog/schema/table", 3),
    "bigquery": ("bigquery://project/dataset/table", 2),
}


def default_asset(airbyte_conn_id: str, connection_id: str) -> str | None:
    """Name the asset of a sync without `outlets` after its two connections.

    Airflow does not render templates in assets, so a templated connection has none.
    """
    uri = f"airbyte://{airbyte_conn_id}/{connection_id}"
    return None if "{{" in uri else uri


def uri_fault(text: str) -> str | None:
    """Say what to write instead of an asset that Airflow, with any of its providers, would refuse."""
    try:
        uri = urlsplit(text)
        form, names = _FORMS.get(uri.scheme.lower(), ("", None))
        fits = not form or _fits(uri, names)
    except ValueError as error:  # brackets that are no IPv6 address, a port that is no number
        return f"correct the host: {str(error)[:1].lower()}{str(error)[1:]}"
    return None if fits else f"write {form}"


def _fits(uri: SplitResult, names: int | None) -> bool:
    path = uri.path.rstrip("/") or "/"
    if names is None:
        return bool(uri.netloc) or uri.scheme.lower() == "file"
    uri.port  # noqa: B018 (Airflow reads it too: it raises where it is no number)
    return bool(uri.netloc) and path.count("/") == names
