"""URIs of assets: the default one of a sync, and the forms that Airflow accepts."""

from __future__ import annotations

from urllib.parse import SplitResult, urlsplit

# A scheme to the form that its provider requires (`sanitize_uri` in the `assets` package of each), and to the
# number of names in the path. `validate` cannot know which providers are installed.
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
    """Return the URI of the asset that a sync without `outlets` updates, named after its two connections.

    None if one of them is a template, since Airflow renders no templates in assets.
    """
    uri = f"airbyte://{airbyte_conn_id}/{connection_id}"
    return None if "{{" in uri else uri


def asset_uri_hint(text: str) -> str | None:
    """Say what to write instead of a URI that the provider of its scheme rejects; None if it is valid."""
    try:
        uri = urlsplit(text)
        form, names = _FORMS.get(uri.scheme.lower(), ("", None))
        fits = not form or _fits(uri, names)
    except (
        ValueError
    ) as error:  # brackets around something else than an IPv6 address, or a port that is not a number
        return f"correct the host: {str(error)[:1].lower()}{str(error)[1:]}"
    return None if fits else f"write {form}"


def _fits(uri: SplitResult, names: int | None) -> bool:
    path = uri.path.rstrip("/") or "/"
    if names is None:
        return bool(uri.netloc) or uri.scheme.lower() == "file"
    uri.port  # noqa: B018 (raises if it is not a number, as in Airflow)
    return bool(uri.netloc) and path.count("/") == names
