"""The requests of a pull and nothing else: what `dag-factory pull` is compared with in snapshots.py."""

from __future__ import annotations

import os

import httpx

LISTS = ("connections", "sources", "destinations", "workspaces")
# Each is read twice, as a pull reads it.
READINGS = 2


def main() -> None:
    """Get a token and read the lists page by page."""
    url = os.environ["AIRBYTE_URL"]
    with httpx.Client(trust_env=False, timeout=60) as client:
        body = {
            "client_id": os.environ["AIRBYTE_CLIENT_ID"],
            "client_secret": os.environ["AIRBYTE_CLIENT_SECRET"],
            "grant_type": "client_credentials",
        }
        token = client.post(f"{url}/applications/token", json=body).json()["access_token"]
        client.headers["Authorization"] = f"Bearer {token}"
        for noun in LISTS * READINGS:
            offset = 0
            while True:
                parameters = {"limit": 100, "offset": offset, "includeDeleted": "true"}
                page = client.get(f"{url}/{noun}", params=parameters).raise_for_status().json()["data"]
                if not page:
                    break
                offset += len(page)


if __name__ == "__main__":
    main()
