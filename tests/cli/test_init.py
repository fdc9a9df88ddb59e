"""The DAG repository that `init` creates, and what it leaves alone."""

from __future__ import annotations

import subprocess

import pytest
import yaml

from dag_factory.cli.main import main
from dag_factory.config.project import validate_project
from dag_factory.config.schema.check import DAG_SCHEMA, DEFAULTS_SCHEMA, schema_text

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
NAMES = [
    "configs/example.yaml",
    "configs/defaults.yaml",
    "schemas/dag.schema.json",
    "schemas/defaults.schema.json",
    "dags/airbyte_syncs.py",
    "dags/airbyte_config_errors.py",
    ".github/workflows/dag-factory.yml",
    ".gitignore",
    ".pre-commit-config.yaml",
    "README.md",
]
WHEEL = "airbyte-dag-factory @ https://packages.example.com/airbyte_dag_factory-0.1.0-py3-none-any.whl"


@pytest.fixture
def init(tmp_path, capsys):
    """Run `init` on the folder `estate`; return the status and the lines about files."""

    def call(*arguments: str):
        status = main(["init", str(tmp_path / "estate"), *arguments])
        return status, capsys.readouterr().out.split("\n\n")[0].splitlines()

    return call


@pytest.fixture
def estate(tmp_path):
    return tmp_path / "estate"


def put_an_id(folder):
    path = folder / "configs" / "example.yaml"
    path.write_text(path.read_text("utf-8").replace("00000000-0000-0000-0000-000000000000", UUID), "utf-8")


def snapshot(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_from_nothing(init, estate):
    assert init() == (0, [f"created    {name}" for name in NAMES])
    assert sorted(snapshot(estate)) == sorted(NAMES)
    findings = validate_project(estate / "configs", "configs", None, lambda _file: True)
    assert [each.help for each in findings.diagnostics] == ["write the UUID of your Airbyte connection"]
    put_an_id(estate)
    findings = validate_project(estate / "configs", "configs", None, lambda _file: True)
    assert findings.diagnostics == ()


def test_the_readme_names_the_way_from_airbyte(init, estate):
    init()
    assert "`docs/from-airbyte.md` of airbyte-dag-factory" in (estate / "README.md").read_text("utf-8")


def test_the_last_line_says_what_to_do_next(estate, capsys):
    main(["init", str(estate)])
    assert capsys.readouterr().out.splitlines()[-1] == (
        "Next: put your connection's id into configs/example.yaml; until then 'dag-factory validate' fails."
    )


@pytest.mark.airflow
def test_airflow_loads_it(init, estate):
    from airflow.dag_processing.dagbag import DagBag  # noqa: PLC0415 (the other tests need no Airflow)

    init()
    put_an_id(estate)
    bag = DagBag(str(estate / "dags"))
    assert (bag.import_errors, set(bag.dags)) == ({}, {"example"})


def test_the_dag_files_and_the_schemas_are_those_of_the_project(init, estate, repository):
    init()
    for path in (repository / "dags").glob("*.py"):
        assert (estate / "dags" / path.name).read_text("utf-8") == path.read_text("utf-8")
    for name in (DAG_SCHEMA, DEFAULTS_SCHEMA):
        assert (estate / "schemas" / name).read_text("utf-8") == schema_text(name)


def test_a_second_time_changes_nothing(init, estate):
    init()
    before = snapshot(estate)
    assert init() == (0, [f"unchanged  {name}" for name in NAMES])
    assert snapshot(estate) == before


def test_missing_files_are_added_to_an_existing_configuration(init, estate):
    (estate / "configs").mkdir(parents=True)
    (estate / "configs" / "money.yaml").write_text(f"schedule: null\nsyncs:\n  money: {UUID}\n")
    (estate / "README.md").write_text("# Ours\n")
    assert init() == (
        0,
        [
            "skipped    configs/example.yaml: there are configurations already",
            "skipped    configs/defaults.yaml: there are configurations already",
            *(f"created    {name}" for name in NAMES[2:-1]),
            "unchanged  README.md: it exists and is different",
        ],
    )
    assert (estate / "README.md").read_text() == "# Ours\n"
    assert sorted(path.name for path in (estate / "configs").iterdir()) == ["money.yaml"]


@pytest.mark.parametrize(("ci", "name"), [("gitlab", ".gitlab-ci.yml"), ("none", None)])
def test_the_ci_is_chosen(init, estate, ci, name):
    assert init("--ci", ci)[0] == 0
    assert (estate / ".gitlab-ci.yml").exists() == (name is not None)
    assert not (estate / ".github").exists()


@pytest.mark.parametrize(
    ("ci", "name"), [("github", ".github/workflows/dag-factory.yml"), ("gitlab", ".gitlab-ci.yml")]
)
def test_ci_and_pre_commit_install_the_named_package(init, estate, ci, name):
    init("--ci", ci, "--package", WHEEL)
    for each in (name, ".pre-commit-config.yaml"):
        assert f'"{WHEEL}"' in (estate / each).read_text("utf-8")
    assert f"`pip install '{WHEEL}'`" in (estate / "README.md").read_text("utf-8")


@pytest.mark.parametrize("ci", ["github", "gitlab"])
def test_no_package_is_assumed_since_anybody_could_own_its_name(init, estate, ci):
    """Nothing is installed until somebody names the package; the step fails at once with an explanation."""
    init("--ci", ci)
    if ci == "github":
        steps = yaml.safe_load((estate / ".github/workflows/dag-factory.yml").read_text("utf-8"))
        (step,) = (each for each in steps["jobs"]["validate"]["steps"] if "env" in each)
        command, variables = step["run"], step["env"]
    else:
        job = yaml.safe_load((estate / ".gitlab-ci.yml").read_text("utf-8"))["validate"]
        command, variables = job["script"][0], job["variables"]
    assert command.startswith("pip install ")
    result = subprocess.run(
        ["sh", "-ec", command], env=variables, capture_output=True, text=True, check=False, cwd=estate
    )
    assert result.returncode != 0
    assert result.stderr.strip().endswith("PACKAGE: say what pip installs, such as the URL of the wheel")
    hooks = yaml.safe_load((estate / ".pre-commit-config.yaml").read_text("utf-8"))["repos"][0]["hooks"]
    assert [(hook["language"], "additional_dependencies" in hook) for hook in hooks] == [("system", False)]


@pytest.mark.parametrize("package", ['x"; curl', "$(id)", "${{ secrets.X }}", "x\ny", "--no-deps", ""])
def test_text_that_could_break_out_of_the_files_is_rejected(init, estate, package):
    assert init(f"--package={package}")[0] == 2
    assert not estate.exists()


def test_links_are_not_followed(init, estate, tmp_path):
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "money.yaml").write_text("x: 1\n")
    estate.mkdir()
    (estate / "configs").symlink_to(outside)
    (estate / "README.md").symlink_to(outside / "new.md")
    status, lines = init()
    assert status == 1
    assert lines == [
        "failed     configs/example.yaml: 'configs' is a link, and links are not followed",
        "failed     configs/defaults.yaml: 'configs' is a link, and links are not followed",
        *(f"created    {name}" for name in NAMES[2:-1]),
        "failed     README.md: it is a link, and links are not followed",
    ]
    assert sorted(path.name for path in outside.iterdir()) == ["money.yaml"]


def test_files_in_the_way_are_reported(init, estate):
    estate.mkdir()
    (estate / "schemas").write_text("")
    (estate / "README.md").mkdir()
    status, lines = init()
    assert status == 1
    assert [line for line in lines if not line.startswith("created")] == [
        "failed     schemas/dag.schema.json: 'schemas' is not a folder",
        "failed     schemas/defaults.schema.json: 'schemas' is not a folder",
        "failed     README.md: it is not a regular file",
    ]


def test_a_file_cannot_become_a_repository(init, estate):
    estate.write_text("")
    assert init()[0] == 2


def test_a_folder_may_be_given_as_a_link(tmp_path, capsys):
    (tmp_path / "real").mkdir()
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert main(["init", str(tmp_path / "link")]) == 0
    assert "failed" not in capsys.readouterr().out
    assert (tmp_path / "real" / "dags" / "airbyte_syncs.py").is_file()
