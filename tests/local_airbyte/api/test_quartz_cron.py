"""Which cron expressions the public API accepts."""

import pytest

from dag_factory.local_airbyte.api.quartz_cron import cron_error


@pytest.mark.parametrize("cron", ["0 0 12 * * ?", "0 0 12 * * ? UTC", "0 30 6 ? * MON-FRI 2027"])
def test_good_cron(cron):
    assert cron_error(cron) is None


@pytest.mark.parametrize("cron", ["* 0 * * * ?", "0 * * * * ?", "0 0 12 * *", "0 0 12 * * *", "0 99 * * * ?"])
def test_bad_cron(cron):
    assert cron_error(cron) is not None
