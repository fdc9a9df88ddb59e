"""What the files in `dags/` load on the installed Airflow."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import textwrap

import pytest
from airflow import settings
from airflow.dag_processing.dagbag import DagBag
from airflow.sdk.exceptions import AirflowTaskTimeout
from airflow.serialization.serialized_objects import DagSerialization

from dag_factory import ConfigError, config_folder, load_dags, raise_config_errors
from dag_factory.factory import load
from dag_factory.factory.build import build_dag

pytestmark = pytest.mark.airflow

UUID = "1e3b5a72-7bfd-4808-a13c-20450549011"
GOOD = f'schedule: "@daily"\nsyncs:\n  money: {UUID}0\n'


@pytest.fixture
def request_dag(monkeypatch):
    """Make Airflow request one DAG, as a starting task does."""
    return lambda dag_id: monkeypatch.setenv("_AIRFLOW_PARSING_CONTEXT_DAG_ID", dag_id)


@pytest.fixture
def estate(repository, configs):
    """Make a DAG repository with the project's own loader files."""

    def make(files):
        root = configs(files)
        shutil.copytree(repository / "dags", root.parent / "dags", dirs_exist_ok=True)
        return root.parent / "dags"

    return make


def serialized(bag):
    return {name: json.dumps(DagSerialization.to_dict(dag), sort_keys=True) for name, dag in bag.dags.items()}


def test_good_dags_are_kept_and_bad_files_are_one_import_error(estate):
    dags = estate(
        {
            "good.yaml": GOOD,
            "cron.yaml": GOOD.replace("@daily", "@dayly"),
            "executor.yaml": GOOD.replace(f"{UUID}0", f"{{connection_id: {UUID}1, executor: NoExecutor}}"),
            "notifier.yaml": f"notify: {{on_failure: [{{notifier: no.such.Thing}}]}}\n{GOOD}",
        }
    )
    bag = DagBag(str(dags))
    assert sorted(bag.dags) == ["good", "notifier"]
    (file, text), *others = bag.import_errors.items()
    assert others == []
    assert file.endswith("airbyte_config_errors.py")
    assert "3 errors in configs/" in text
    assert "configs/cron.yaml:1:12: error: unknown preset '@dayly' [bad-cron]" in text
    assert "configs/executor.yaml:1:1: error: Airflow refuses the DAG 'executor': UnknownExecutor" in text
    assert "configs/notifier.yaml:1:34: error: the notifier 'no.such.Thing' cannot be imported: Mod" in text


MISSING = "airflow.providers.slack.notifications.slack.SlackNotifier"

OF_ALL = f"""\
tags: [ours]
notify:
  on_failure:
    - notifier: {MISSING}
      text: failed
    - {{notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier, to: a@example.com}}
  on_retry:
    - {{notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier, no_such_argument: 1}}
"""

LEFT_OUT = f"""\
2 errors in configs/

configs/defaults.yaml:4:17: error: the notifier '{MISSING}' cannot be imported: \
ModuleNotFoundError: No module named 'airflow.providers.slack' [bad-notifier]
  |
4 |     - notifier: {MISSING}
  |                 {"^" * len(MISSING)}
  = help: install apache-airflow-providers-slack on the DAG processor and the workers

configs/defaults.yaml:8:18: error: the notifier 'airflow.providers.smtp.notifications.smtp.SmtpNotifier' \
cannot be created: TypeError: SmtpNotifier.__init__() missing 1 required positional argument: 'to' \
[bad-notifier]
"""


def test_a_broken_notifier_of_all_dags_costs_no_dag(estate, caplog):
    """The error is reported once, at its line, for any number of DAGs."""
    dags = {
        f"dag_{number:03}.yaml": GOOD.replace(f"{UUID}0", f"1e3b5a72-7bfd-4808-a13c-{number:012}")
        for number in range(1, 201)
    }
    bag = DagBag(str(estate({"defaults.yaml": OF_ALL, **dags})))
    assert len(bag.dags) == 200
    for dag in bag.dags.values():
        [described, mail] = dag.on_failure_callback
        assert (described.__name__, mail.to) == ("describe_failures", "a@example.com")
        assert [task.on_retry_callback for task in dag.tasks] == [[], []]
    [(file, text)] = bag.import_errors.items()
    assert file.endswith("airbyte_config_errors.py")
    assert LEFT_OUT in text
    logged = [record.getMessage() for record in caplog.records if record.name == "dag_factory.factory.load"]
    assert [message.splitlines()[0] for message in logged] == [
        "Skipping a notifier; its DAGs run without it"
    ] * 2
    assert "configs/defaults.yaml:4:17: error:" in logged[0]


def test_a_task_starts_without_the_notifier_and_logs_it(configs, request_dag, caplog):
    root = configs({"defaults.yaml": OF_ALL, "money.yaml": GOOD})
    request_dag("money")
    assert len(load_dags(root)["money"].on_failure_callback) == 2
    assert "configs/defaults.yaml:4:17: error: the notifier" in caplog.text
    assert "install apache-airflow-providers-slack on the DAG processor and the workers" in caplog.text


def test_a_rejected_path_costs_no_dag_and_is_reported_once(configs):
    root = configs({"defaults.yaml": "notify:\n  on_failure:\n    - notifier: os.abort\n", "a.yaml": GOOD})
    assert load_dags(root)["a"].on_failure_callback in (None, [])
    with pytest.raises(ConfigError, match="1 error in configs/") as error:
        raise_config_errors(root)
    [shown] = error.value.diagnostics
    assert (shown.code, shown.span.line) == ("bad-notifier", 3)


def test_the_operator_restricts_notifiers_by_a_variable(configs, monkeypatch):
    root = configs(
        {"defaults.yaml": OF_ALL.replace(", no_such_argument: 1", ", to: c@example.com"), "money.yaml": GOOD}
    )
    monkeypatch.setenv("DAG_FACTORY_NOTIFIER_PREFIXES", "team.alerts")
    assert load_dags(root)["money"].on_failure_callback in (None, [])
    with pytest.raises(ConfigError, match="3 errors in configs/"):
        raise_config_errors(root)
    monkeypatch.setenv("DAG_FACTORY_NOTIFIER_PREFIXES", "team.alerts, airflow.providers.smtp")
    assert len(load_dags(root)["money"].on_failure_callback) == 2


@pytest.mark.parametrize("enabled", ["true", "false"])
def test_a_disabled_configurations_notifiers_are_checked(configs, enabled):
    text = f"enabled: {enabled}\nnotify:\n  on_failure:\n    - notifier: {MISSING}\n{GOOD}"
    with pytest.raises(ConfigError, match="install apache-airflow-providers-slack"):
        raise_config_errors(configs({"money.yaml": text}))


@pytest.mark.parametrize(
    ("files", "status", "message"),
    [
        ({"money.yaml": GOOD}, 0, None),
        ({"defaults.yaml": OF_ALL, "money.yaml": GOOD}, 1, LEFT_OUT),
        (
            {"money.yaml": GOOD.replace(f"{UUID}0", f"{{connection_id: {UUID}0, executor: NoExecutor}}")},
            1,
            "configs/money.yaml:1:1: error: Airflow refuses the DAG 'money': UnknownExecutor",
        ),
    ],
)
def test_the_file_of_errors_is_a_check_of_its_own(files, status, message, estate):
    """As a CI step in Airflow's image, it checks what `validate` cannot know."""
    file = estate(files) / "airbyte_config_errors.py"
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(file)], capture_output=True, text=True, check=False
    )
    assert done.returncode == status
    assert message is None or message in done.stderr


def test_a_clean_folder_has_no_import_error(estate):
    assert DagBag(str(estate({"good.yaml": GOOD}))).import_errors == {}


def test_the_repositorys_own_dags_load(repository):
    bag = DagBag(str(repository / "dags"))
    assert bag.import_errors == {}
    assert sorted(bag.dags) == [
        "airbyte_trigger_job_example_async",
        "sales_archive",
        "sales_reports",
        "sales_sources",
        "trigger_airbyte_job_example",
    ]


def test_two_parses_give_the_same_serialised_dags(repository):
    first, second = (serialized(DagBag(str(repository / "dags"))) for _ in range(2))
    assert first == second


def test_a_dag_loaded_alone_is_the_same_as_among_all(repository, request_dag):
    everything = serialized(DagBag(str(repository / "dags")))
    for dag_id, expected in everything.items():
        request_dag(dag_id)
        assert serialized(DagBag(str(repository / "dags"))) == {dag_id: expected}


def test_loading_one_dag_reads_no_other_file(configs, request_dag):
    root = configs({"money.yaml": GOOD, "other.yaml": GOOD})
    (root / "other.yaml").unlink()
    (root / "other.yaml").symlink_to("/nowhere")
    request_dag("money")
    assert list(load_dags(root)) == ["money"]


def test_a_foreign_dag_builds_nothing(configs, request_dag):
    root = configs({"money.yaml": GOOD, "bad.yaml": "a: ["})
    request_dag("someone_elses")
    assert load_dags(root) == {}
    raise_config_errors(root)


def test_a_disabled_dag_is_checked_but_not_created(configs, request_dag):
    root = configs({"money.yaml": "enabled: false\n" + GOOD})
    assert load_dags(root) == {}
    request_dag("money")
    assert load_dags(root) == {}


def test_warnings_are_not_an_import_error(configs):
    root = configs({"a.yaml": GOOD, "b.yaml": GOOD})
    raise_config_errors(root)
    assert list(load_dags(root)) == ["a", "b"]


def test_the_error_carries_its_diagnostics(configs):
    root = configs({"b.yaml": "x: 1\n" + GOOD, "a.yaml": "a: ["})
    with pytest.raises(ConfigError, match="2 errors in configs/") as error:
        raise_config_errors(root)
    assert [each.file for each in error.value.diagnostics] == ["configs/a.yaml", "configs/b.yaml"]


def test_the_environment_is_named_by_its_variable(configs, monkeypatch):
    root = configs({"money.yaml": GOOD + "environments:\n  dev: {owner: developer}\n"})
    monkeypatch.setenv("DAG_FACTORY_ENV", "dev")
    assert load_dags(root)["money"].tasks[0].owner == "developer"
    monkeypatch.setenv("DAG_FACTORY_ENV", "prod")
    assert load_dags(root) == {}
    with pytest.raises(ConfigError, match="names the environment 'prod'"):
        raise_config_errors(root)


def test_a_rejecting_cluster_policy_is_reported_and_affects_no_other_dag(configs, monkeypatch):
    def dag_policy(dag):
        if dag.dag_id == "bad":
            message = "no"
            raise ValueError(message)

    monkeypatch.setattr(settings, "dag_policy", dag_policy)
    root = configs({"bad.yaml": GOOD, "good.yaml": GOOD})
    assert list(load_dags(root)) == ["good"]
    with pytest.raises(ConfigError, match="Airflow refuses the DAG 'bad'"):
        raise_config_errors(root)


@pytest.mark.parametrize("error", [RecursionError, MemoryError, SystemExit])
@pytest.mark.usefixtures("internal_errors_are_reported")
def test_an_exception_while_building_one_dag_leaves_the_others(
    error, configs, monkeypatch, request_dag, caplog
):
    def broken(model, callbacks, defaults=None):
        if model.dag_id == "bad":
            raise error
        return build_dag(model, callbacks, defaults)

    monkeypatch.setattr(load, "build_dag", broken)
    root = configs({"bad.yaml": GOOD, "good.yaml": GOOD})
    assert list(load_dags(root)) == ["good"]
    with pytest.raises(ConfigError, match=rf"configs/bad.yaml.*: {error.__name__} at .*\[internal-error\]"):
        raise_config_errors(root)
    request_dag("bad")
    caplog.clear()
    assert load_dags(root) == {}
    assert "[internal-error]" in caplog.text
    request_dag("good")
    assert list(load_dags(root)) == ["good"]


def test_airflows_own_timeout_of_a_parse_ends_it(configs, monkeypatch):
    def late(_model, _callbacks, _defaults):
        raise AirflowTaskTimeout

    monkeypatch.setattr(load, "build_dag", late)
    with pytest.raises(AirflowTaskTimeout):
        load_dags(configs({"good.yaml": GOOD}))


def test_the_folder_is_found_next_to_dags_or_inside(tmp_path):
    dags = tmp_path / "dags"
    (dags / "configs").mkdir(parents=True)
    assert config_folder(dags / "loader.py") == dags / "configs"
    (tmp_path / "configs").mkdir()
    assert config_folder(dags / "loader.py") == tmp_path / "configs"
    with pytest.raises(FileNotFoundError, match=r"no configs folder: neither .* nor .* exists"):
        config_folder("/nowhere/dags/loader.py")


def test_the_folder_is_found_through_a_link(tmp_path):
    (tmp_path / "revision" / "configs").mkdir(parents=True)
    (tmp_path / "revision" / "dags").mkdir()
    (tmp_path / "revision" / "dags" / "loader.py").touch()
    (tmp_path / "current").symlink_to(tmp_path / "revision")
    assert config_folder(tmp_path / "current" / "dags" / "loader.py") == tmp_path / "revision" / "configs"


HAND_WRITTEN = """
from airflow.providers.common.compat.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from dag_factory import sync_group

with DAG("by_hand", schedule=None) as dag:
    sync_group("money") >> EmptyOperator(task_id="dbt")
"""


def test_several_loader_files_for_several_folders(estate, request_dag):
    """Each creates the DAGs of its own folder, with the defaults above it."""
    dags = estate(
        {
            "defaults.yaml": "tags: [ours]\n",
            "north/money.yaml": GOOD,
            "south/loans.yaml": GOOD.replace(f"{UUID}0", f"{UUID}1"),
            "south/wrong.yaml": "schedul: null\n",
        }
    )
    for name in ("airbyte_syncs", "airbyte_config_errors"):
        text = (dags / f"{name}.py").read_text()
        (dags / f"{name}.py").unlink()
        for team in ("north", "south"):
            own = text.replace("config_folder(__file__)", f'config_folder(__file__) / "{team}"')
            (dags / f"{name}_{team}.py").write_text(own)
    bag = DagBag(str(dags))
    made = {dag_id: (dag.fileloc.rpartition("/")[2], dag.tags) for dag_id, dag in bag.dags.items()}
    assert made == {
        "money": ("airbyte_syncs_north.py", {"ours"}),
        "loans": ("airbyte_syncs_south.py", {"ours"}),
    }
    [(file, error)] = bag.import_errors.items()
    assert file.endswith("airbyte_config_errors_south.py")
    assert "configs/south/wrong.yaml:1:1: error: unknown key 'schedul' [unknown-key]" in error
    request_dag("loans")
    assert load_dags(dags.parent / "configs/north") == {}
    assert load_dags(dags.parent / "configs/south")["loans"].tags == {"ours"}


def test_sync_group_works_in_a_hand_written_dag(estate):
    text = f"enabled: false\n{GOOD}  more: {{connection_id: {UUID}1, mode: sync, depends_on: [money]}}\n"
    dags = estate({"money.yaml": text})
    (dags / "by_hand.py").write_text(textwrap.dedent(HAND_WRITTEN))
    bag = DagBag(str(dags))
    assert bag.import_errors == {}
    assert list(bag.dags) == ["by_hand"]
    upstream = {task.task_id: sorted(task.upstream_task_ids) for task in bag.dags["by_hand"].tasks}
    assert upstream == {
        "money.money.trigger": [],
        "money.money.wait": ["money.money.trigger"],
        "money.more": ["money.money.wait"],
        "dbt": ["money.more"],
    }


OF_A_GROUP = f"""\
enabled: false
owner: money-team
notify:
  on_failure:
    - {{notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier, to: failed@example.com}}
    - notifier: {MISSING}
  on_success:
    - {{notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier, to: done@example.com}}
  on_retry:
    - {{notifier: airflow.providers.smtp.notifications.smtp.SmtpNotifier, to: again@example.com}}
trigger_dags: [reports]
{GOOD}"""

HOST = HAND_WRITTEN.replace(
    "schedule=None", 'schedule=None, default_args={"owner": "host", "on_failure_callback": print}'
)


def test_sync_group_keeps_owner_and_notifiers(estate, caplog):
    """The run is the host's, so each sync has its own callbacks; those of the host's tasks are unchanged."""

    def names_of_callbacks(task):
        callbacks = (task.on_failure_callback, task.on_success_callback, task.on_retry_callback)
        return [[getattr(each, "to", None) or each.__name__ for each in event] for event in callbacks]

    dags = estate({"money.yaml": OF_A_GROUP})
    (dags / "by_hand.py").write_text(textwrap.dedent(HOST))
    bag = DagBag(str(dags))
    dag = bag.dags["by_hand"]
    failed = ["print", "describe_failures", "failed@example.com"]
    again = ["describe_failures", "again@example.com"]
    assert {task.task_id: (task.owner, *names_of_callbacks(task)) for task in dag.tasks} == {
        "money.money.trigger": ("money-team", failed, [], again),
        "money.money.wait": ("money-team", failed, ["describe_success", "done@example.com"], again),
        "money.trigger_reports": ("money-team", failed, [], again),
        "dbt": ("host", ["print"], [], []),
    }
    assert f"configs/money.yaml:6:17: error: the notifier '{MISSING}' cannot be imported" in caplog.text
    [(file, text)] = bag.import_errors.items()
    assert file.endswith("airbyte_config_errors.py")
    assert "1 error in configs/" in text


def test_sync_group_explains_errors(estate):
    dags = estate({"money.yaml": "enabled: false\nx: 1\n" + GOOD})
    (dags / "by_hand.py").write_text(textwrap.dedent(HAND_WRITTEN))
    text = DagBag(str(dags)).import_errors[str(dags / "by_hand.py")]
    assert "no configuration in configs/ defines the DAG 'money'" in text
    assert "configs/money.yaml:2:1: error: unknown key 'x' [unknown-key]" in text
