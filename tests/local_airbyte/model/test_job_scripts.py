"""Scripts are read from JSON and written as JSON."""

from dag_factory.local_airbyte.model.job_scripts import default_script, read_script, render_script


def test_scripts_round_trip():
    document = {"steps": [{"queued": 1.5}, {"run": 2.0}, {"fail_attempt": True}, {"run": 0.0}], "end": "fail"}
    assert render_script(read_script(document)) == document
    assert sum(step.seconds for step in default_script(3.0).steps) == 3.0
