"""Airflow's setting for deferrable operators."""

from __future__ import annotations

import os
from configparser import ConfigParser

from airflow.providers.common.compat.sdk import conf


def default_deferrable() -> bool | None:
    """Read `[operators] default_deferrable`; None if it is not set, which Airflow treats as false.

    Airflow writes all defaults into its configuration file, here `false`, so the option in the file counts
    as set only if it differs from the default.
    """
    option = ("operators", "default_deferrable")
    is_set = f"AIRFLOW__{'__'.join(option).upper()}" in os.environ
    if not is_set and ConfigParser.has_option(conf, *option):
        is_set = ConfigParser.get(conf, *option, raw=True) != conf.get_default_value(*option, raw=True)
    return conf.getboolean(*option) if is_set else None
