"""`dag-factory import`: which folders and snapshots it takes, what it says, and its exit status."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest

from dag_factory.cli.main import main
from tests.workspace.snapshot_samples import basic, connection, connection_id, cron, write_snapshot

OTHER = "1e3b5a72-7bfd-4808-a13c-204505490110"


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository with one DAG, in which commands run; two connections, one of them in the DAG."""
    put(tmp_path, "orders.yaml", f"schedule: null\nsyncs:\n  orders: {connection_id(1)}\n")
    write_snapshot(
        tmp_path, connection(1, "orders"), connection(2, "bank \u2192 json", cron("0 0 3 * * ? UTC"))
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def run(capsys):
    """Run the command by ids; return the status, the output and what it says about wrong usage."""

    def call(*arguments: str):
        status = main(["import", "--by-id", *arguments])
        said = capsys.readouterr()
        return status, said.out, said.err

    return call


def put(repository: Path, name: str, text: str) -> Path:
    path = repository / "configs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    return path


def names(repository: Path) -> list[str]:
    folder = repository / "configs"
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_what_it_says(repository, run):
    assert run() == (
        0,
        'created    configs/bank_json.yaml: "bank \u2192 json", schedule 0 3 * * * UTC\n'
        "1 imported, 1 already in a DAG\n"
        "\n"
        "Airbyte itself still starts what 1 of these DAGs sync: "
        "keep them paused until 'dag-factory take-over'.\n",
        "",
    )
    assert names(repository) == ["bank_json.yaml", "orders.yaml"]
    assert run() == (0, "0 imported, 2 already in a DAG\n", "")


def test_a_dry_run_writes_nothing(repository, run):
    status, out, _ = run("--dry-run", "--folder", "bank")
    assert (status, out.splitlines()[:2]) == (
        0,
        [
            'new        configs/bank/bank_json.yaml: "bank \u2192 json", schedule 0 3 * * * UTC',
            "1 to import, 1 already in a DAG",
        ],
    )
    assert names(repository) == ["orders.yaml"]
    assert not (repository / "configs" / "bank").exists()


def test_a_folder_below_the_configurations(repository, run):
    assert run("--folder", "sales/bank")[0] == 0
    assert names(repository) == ["orders.yaml", "sales/bank/bank_json.yaml"]
    assert main(["validate", "--strict"]) == 0


def test_the_configurations_may_be_elsewhere(repository, run, monkeypatch):
    monkeypatch.chdir("/")
    assert run("--configs", str(repository / "configs"))[0] == 0
    assert names(repository) == ["bank_json.yaml", "orders.yaml"]


def test_a_folder_of_the_configurations_may_be_named(repository, run):
    (repository / "configs" / "sales").mkdir()
    assert run("--configs", "configs/sales")[0] == 0
    assert names(repository) == ["orders.yaml", "sales/bank_json.yaml"]


@pytest.mark.parametrize("folder", ["/tmp", "..", "a/../../b", ".hidden", "a/.b", "x.yaml"])
def test_a_folder_that_would_not_be_read(repository, run, folder):
    status, _, said = run("--folder", folder)
    assert (status, said) == (
        2,
        "dag-factory import: --folder: write the path of a folder below 'configs', such as sales/orders\n",
    )
    assert names(repository) == ["orders.yaml"]


def test_a_folder_that_is_a_link(repository, run):
    (repository / "elsewhere").mkdir()
    (repository / "configs" / "linked").symlink_to(repository / "elsewhere")
    # The link alone is an error of `validate` too.
    assert run("--folder", "linked")[0] == 2
    assert not list((repository / "elsewhere").iterdir())


def test_a_folder_that_is_a_file(repository, run):
    put(repository, "taken", "")
    assert run("--folder", "taken") == (
        1,
        "failed     configs/taken/bank_json.yaml: its folder is a file\n"
        "1 imported, 1 already in a DAG, 1 files not written\n"
        "\n"
        "Airbyte itself still starts what 1 of these DAGs sync: "
        "keep them paused until 'dag-factory take-over'.\n",
        "",
    )


def test_a_folder_that_is_missing(tmp_path, run, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert run() == (
        2,
        "",
        "dag-factory import: the folder 'configs' does not exist;"
        " run the command in the root of the DAG repository, or name the folder with --configs\n",
    )


def test_a_snapshot_that_is_missing(repository, run):
    (repository / "airbyte" / "airbyte_default.json").unlink()
    missing = "there is no snapshot 'airbyte/airbyte_default.json'; run 'dag-factory pull' first"
    assert run() == (2, "", f"dag-factory import: {missing}\n")


def test_a_snapshot_that_cannot_be_read(repository, run):
    (repository / "airbyte" / "airbyte_default.json").write_text("{", "utf-8")
    status, out, _ = run()
    assert status == 1
    assert out.startswith("airbyte/airbyte_default.json:1:")
    assert names(repository) == ["orders.yaml"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("broken.yaml", "syncs: [\n"),
        ("wrong.yaml", "schedule: 7\nsyncs: {}\n"),
        ("defaults.yaml", "scheduel: null\n"),
        ("dev.yaml", f"schedule: null\nsyncs: {{a: {OTHER}}}\nenvironments: {{dev: {{schedule: '0 0'}}}}\n"),
    ],
)
def test_a_folder_with_errors_is_refused(repository, run, name, text):
    put(repository, name, text)
    before = names(repository)
    status, out, _ = run()
    assert status == 1
    assert out.startswith(f"configs/{name}:")
    assert out.endswith(
        "Nothing is imported: with these errors it is not known what the DAGs cover.\n"
        "Run 'dag-factory validate' and correct them first.\n"
    )
    assert names(repository) == before


def test_warnings_do_not_matter(repository, run):
    put(repository, "defaults.yaml", "owner: me\n")
    put(repository, "own.yaml", f"owner: you\nschedule: '* 3 * * *'\nsyncs: {{a: {OTHER}}}\n")
    assert run()[0] == 0


def test_the_example_of_init_does_not_matter(tmp_path, run, monkeypatch, capsys):
    main(["init", str(tmp_path / "estate")])
    monkeypatch.chdir(tmp_path / "estate")
    capsys.readouterr()
    write_snapshot(tmp_path / "estate", connection(1, "orders", tags=["money"]))
    assert run()[0] == 0
    text = (tmp_path / "estate" / "configs" / "orders.yaml").read_text("utf-8")
    assert text == (
        "# yaml-language-server: $schema=../schemas/dag.schema.json\n"
        "schedule: null # manual in Airbyte too\n"
        "tags: [airbyte, money]\n"
        "syncs:\n"
        "  orders:\n"
        f"    connection_id: {connection_id(1)}\n"
    )


def test_the_schema_of_other_files_is_named(repository, run):
    schema = "# yaml-language-server: $schema=https://example.com/dag.schema.json\n"
    put(repository, "more.yaml", f"{schema}schedule: null\nsyncs: {{a: {OTHER}}}\n")
    run("--folder", "a/b")
    written = repository / "configs" / "a" / "b" / "bank_json.yaml"
    assert written.read_text("utf-8").startswith(schema)


def test_another_airbyte(repository, run):
    write_snapshot(repository, connection(3, "prod"), name="airbyte_prod")
    assert run("--airbyte-conn-id", "airbyte_prod")[0] == 0
    assert "\nairbyte_conn_id: airbyte_prod\n" in (repository / "configs" / "prod.yaml").read_text("utf-8")
    assert main(["validate", "--strict"]) == 0


def test_another_airbyte_than_that_of_the_syncs_in_the_defaults(repository, run):
    put(repository, "defaults.yaml", "defaults: {airbyte_conn_id: airbyte_default}\n")
    write_snapshot(repository, connection(3, "prod"), name="airbyte_prod")
    run("--airbyte-conn-id", "airbyte_prod")
    text = (repository / "configs" / "prod.yaml").read_text("utf-8")
    assert "\ndefaults:\n  airbyte_conn_id: airbyte_prod\n" in text
    assert main(["validate", "--strict"]) == 0


def test_the_airbyte_of_the_defaults(repository, run):
    put(repository, "sales/defaults.yaml", "airbyte_conn_id: airbyte_sales\n")
    write_snapshot(repository, connection(3, "sale"), name="airbyte_sales")
    assert run("--folder", "sales")[0] == 0
    assert "airbyte_conn_id" not in (repository / "configs/sales/sale.yaml").read_text("utf-8")
    assert main(["validate", "--strict"]) == 0


def test_an_airbyte_that_a_template_names(repository, run):
    put(repository, "defaults.yaml", "airbyte_conn_id: '{{ var.value.x }}'\n")
    status, _, said = run()
    assert (status, "name one with --airbyte-conn-id" in said) == (2, True)


def test_the_snapshot_of_an_environment(repository, run, monkeypatch):
    write_snapshot(repository, connection(3, "dev only"), name="dev/airbyte_default")
    assert run("--env", "dev")[0] == 0
    assert names(repository) == ["dev_only.yaml", "orders.yaml"]
    monkeypatch.setenv("DAG_FACTORY_ENV", "dev")
    assert run()[1] == "0 imported, 1 already in a DAG\n"


@pytest.mark.usefixtures("repository")
def test_an_environment_that_nobody_declares(run):
    assert run("--env", "qa") == (2, "", "dag-factory import: unknown environment 'qa'; known are: none\n")


@pytest.mark.usefixtures("repository")
def test_a_pattern_that_matches_nothing(run):
    assert run("--name", "shop*") == (2, "", "dag-factory import: no connection has a name like 'shop*'\n")


def test_a_default_that_no_longer_applies_is_named(repository, run):
    (repository / "configs" / "orders.yaml").unlink()
    put(repository, "defaults.yaml", "airbyte_conn_id: airbyte_default\n")
    write_snapshot(repository, connection(3, "prod"), name="airbyte_prod")
    _, out, _ = run("--airbyte-conn-id", "airbyte_prod")
    assert (
        "note: the default 'airbyte_conn_id' in configs/defaults.yaml applies to nothing any more:"
        " every DAG sets its own value\n"
    ) in out


def test_a_file_that_appears_meanwhile_is_not_overwritten(repository, run, monkeypatch):
    link = os.link

    def late(source, target, **options):
        Path(target).write_text("mine", "utf-8")
        link(source, target, **options)

    monkeypatch.setattr(os, "link", late)
    status, out, _ = run()
    assert (status, out.splitlines()[0]) == (1, "failed     configs/bank_json.yaml: it exists already")
    assert (repository / "configs" / "bank_json.yaml").read_text("utf-8") == "mine"
    assert names(repository) == ["bank_json.yaml", "orders.yaml"]


def test_a_file_of_another_kind_keeps_its_name(repository, run):
    put(repository, "bank_json.yml.bak", "")
    (repository / "configs" / "bank_json.yaml").mkdir()
    # A folder named like a file is an error.
    assert run()[0] == 1


def test_schedules_without_an_equivalent_are_counted(repository, run):
    write_snapshot(
        repository, connection(3, "odd", cron("0 0 3 15W * ?")), connection(4, "x", basic("Every 1 HOURS"))
    )
    assert run()[1].splitlines() == [
        'created    configs/odd.yaml: "odd", schedule null',
        '           Airbyte\'s schedule "0 0 3 15W * ?" has no equivalent:'
        " cron has no nearest weekday ('15W')",
        'created    configs/x.yaml: "x", schedule every 1h',
        "2 imported, 1 without an equivalent schedule",
        "",
        "Airbyte itself still starts what 1 of these DAGs sync: "
        "keep them paused until 'dag-factory take-over'.",
    ]


def test_by_name(repository, capsys):
    """The names that are written are those of the snapshot, and `validate` finds them there."""
    assert main(["import"]) == 0
    assert '    connection: "bank \u2192 json"\n' in (repository / "configs/bank_json.yaml").read_text(
        "utf-8"
    )
    capsys.readouterr()
    assert main(["validate", "--strict"]) == 0
    # The connection with a schedule is still to be taken over.
    assert re.findall(r"\[\S+\]", capsys.readouterr().out) == ["[scheduled-connection]"]
    assert main(["import"]) == 0
    assert capsys.readouterr().out == "0 imported, 2 already in a DAG\n"


def test_what_looks_like_a_secret_is_shown_nowhere(repository, run, capsys):
    secret = "gh" + "p_" + "example0" * 5
    write_snapshot(repository, connection(3, secret, cron(f"0 0 3 * * ? {secret}"), tags=[secret, "money"]))
    status, out, _ = run()
    written = (repository / "configs" / "connection_00000003.yaml").read_text("utf-8")
    assert (status, secret in out + written, "tags: [money]" in written) == (0, False, True)
    # The snapshot of this test has what `pull` would have written as ***.
    assert main(["validate", "--strict"]) == 1
    assert set(re.findall(r"\[[a-z-]+\]$", capsys.readouterr().out, re.MULTILINE)) == {
        "[secret]",
        "[unknown-connection]",
    }
    (repository / "configs" / "connection_00000003.yaml").unlink()
    assert main(["import"]) == 0
    assert (repository / "configs" / "connection_00000003.yaml").read_text("utf-8") == written


def test_configurations_that_are_a_link_out_of_the_repository(repository, run, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (repository / ".git").mkdir()
    (repository / "configs").rename(elsewhere / "moved")
    (repository / "configs").symlink_to(elsewhere / "moved")
    assert run() == (
        2,
        "",
        "dag-factory import: 'configs' is a link that leads out of the repository;"
        " import does not follow it\n",
    )
