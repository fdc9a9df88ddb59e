"""Integrations: pre-commit, the GitHub action and the CI files, each tested with the real program."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest
import yaml

from dag_factory.cli import listing
from dag_factory.cli.main import main
from dag_factory.cli.show import show

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"
GOOD = f'schedule: "@daily"\nsyncs:\n  money: {UUID}\n'
BAD = GOOD + "retrys: 1\n"


@pytest.fixture(scope="session")
def project(tmp_path_factory, request):
    """Return a git repository with the installable files of this project."""
    folder = tmp_path_factory.mktemp("clone") / "project"
    folder.mkdir()
    for name in ("dag_factory", "schemas", "dags"):
        source = request.config.rootpath / name
        shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "docs").mkdir()
    files = (
        "pyproject.toml",
        "README.md",
        "LICENSE",
        "docs/rules.md",
        ".pre-commit-hooks.yaml",
        "action.yml",
    )
    for name in files:
        shutil.copy(request.config.rootpath / name, folder / name)
    return folder


def run(*command: str | Path, cwd: Path, check: bool = False, **environment: str):
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("GIT_", "GITHUB_", "PYTHON"))
    }
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**inherited, "GIT_CONFIG_GLOBAL": os.devnull, **environment},
        capture_output=True,
        text=True,
        check=check,
    )


def commit_all(folder: Path) -> None:
    who = ("-c", "user.name=test", "-c", "user.email=test@example.com")
    run("git", "init", "--quiet", cwd=folder, check=True)
    run("git", "add", "--all", cwd=folder, check=True)
    run("git", *who, "commit", "--quiet", "--no-verify", "--message", "All", cwd=folder, check=True)


def installing(group: str):
    """Mark a test that installs the project; those of a group share the installation."""

    def mark(test):
        for each in (pytest.mark.slow, pytest.mark.network, pytest.mark.xdist_group(group)):
            test = each(test)
        return test

    return mark


# --- pre-commit


@pytest.fixture(scope="module")
def pre_commit(project, tmp_path_factory):
    """Run the real pre-commit in a folder, with a separate cache."""
    cache = tmp_path_factory.mktemp("pre-commit")
    commit_all(project)

    def call(*arguments: str | Path, cwd: Path):
        return run(sys.executable, "-m", "pre_commit", *arguments, cwd=cwd, PRE_COMMIT_HOME=str(cache))

    return call


@pytest.fixture
def estate(project, tmp_path):
    """Make a DAG repository whose commits are checked by the hook."""
    folder = tmp_path / "estate"
    (folder / "configs").mkdir(parents=True)
    (folder / "configs" / "money.yaml").write_text(GOOD)
    head = run("git", "rev-parse", "HEAD", cwd=project, check=True).stdout.strip()
    hooks = [{"repo": str(project), "rev": head, "hooks": [{"id": "dag-factory-validate"}]}]
    (folder / ".pre-commit-config.yaml").write_text(yaml.safe_dump({"repos": hooks}))
    commit_all(folder)
    return folder


@installing("pre-commit")
def test_pre_commit_knows_the_hook(pre_commit, project):
    result = pre_commit("validate-manifest", ".pre-commit-hooks.yaml", cwd=project)
    assert (result.returncode, result.stderr) == (0, "")


@installing("pre-commit")
def test_the_hook_checks_the_whole_folder_when_one_file_changes(pre_commit, estate):
    result = pre_commit("run", "--all-files", cwd=estate)
    assert (result.returncode, result.stdout.count("Passed")) == (0, 1), result.stdout + result.stderr

    # The error is in a file that the next commit does not touch.
    (estate / "configs" / "bad.yaml").write_text(BAD)
    commit_all(estate)
    (estate / "configs" / "money.yaml").write_text(GOOD.replace("@daily", "@hourly"))
    run("git", "add", "configs", cwd=estate, check=True)
    result = pre_commit("run", cwd=estate)
    assert result.returncode == 1
    assert "configs/bad.yaml:4:1: error: unknown key 'retrys' [unknown-key]" in result.stdout


@installing("pre-commit")
def test_the_hook_leaves_other_commits_alone(pre_commit, estate):
    (estate / "README.md").write_text("# Syncs\n")
    run("git", "add", "README.md", cwd=estate, check=True)
    result = pre_commit("run", cwd=estate)
    assert (result.returncode, "(no files to check)Skipped" in result.stdout) == (0, True), result.stdout


@installing("pre-commit")
def test_pre_commit_accepts_the_files_of_init(pre_commit, tmp_path, capsys):
    assert main(["init", str(tmp_path / "new")]) == 0
    result = pre_commit("validate-config", ".pre-commit-config.yaml", cwd=tmp_path / "new")
    assert (result.returncode, result.stderr) == (0, ""), capsys.readouterr().out


# --- the GitHub action


@pytest.fixture(scope="module")
def steps(project):
    return yaml.safe_load((project / "action.yml").read_text("utf-8"))


@pytest.fixture(scope="module")
def action(project, steps, tmp_path_factory):
    """Run the steps of the action as GitHub's runner does: with bash, and inputs in the environment."""
    temporary = tmp_path_factory.mktemp("runner")
    defaults = {name: each["default"] for name, each in steps["inputs"].items()}

    def call(cwd: Path, **inputs: str):
        given = {**defaults, **inputs}
        # Installing takes seconds, and a second installation would change nothing.
        installed = (temporary / "dag-factory").exists()
        is_planned = lambda step: given["plan"] == "true" or step["name"] != "Plan the merge"  # noqa: E731
        for step in filter(is_planned, steps["runs"]["steps"][1 if installed else 0 :]):
            environment = {
                name: re.sub(r"\$\{\{ inputs\.([\w-]+) \}\}", lambda match: given[match[1]], value)
                for name, value in step.get("env", {}).items()
            }
            result = run(
                *("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", step["run"]),
                cwd=cwd,
                GITHUB_ACTIONS="true",
                GITHUB_ACTION_PATH=str(project),
                RUNNER_TEMP=str(temporary),
                GITHUB_STEP_SUMMARY=str(call.summary),
                GITHUB_BASE_REF="main",
                **environment,
            )
            if result.returncode:
                break
        return result

    call.environment = temporary / "dag-factory"
    call.summary = temporary / "summary.md"
    return call


@installing("action")
def test_the_action_annotates_the_line(action, configs):
    root = configs({"money.yaml": BAD})
    result = action(root.parent)
    assert result.returncode == 1, result.stderr
    (annotation,) = [line for line in result.stdout.splitlines() if line.startswith("::error ")]
    assert "file=configs/money.yaml" in annotation
    assert "line=4" in annotation
    assert "unknown key 'retrys'" in annotation


@installing("action")
def test_the_action_takes_several_paths_and_a_format(action, configs):
    root = configs({"a b/money.yaml": GOOD, "c/bad.yaml": BAD, "d/bad.yaml": BAD})
    result = action(root.parent, path="configs/a b\nconfigs/c\n", format="concise")
    assert result.returncode == 1, result.stderr
    assert "configs/c/bad.yaml:4:1: " in result.stdout
    assert "configs/d" not in result.stdout
    assert action(root.parent, path="configs/a b").returncode == 0


@installing("action")
def test_the_action_can_be_strict(action, configs):
    root = configs({"a.yaml": GOOD, "b.yaml": GOOD})
    assert action(root.parent).returncode == 0
    assert action(root.parent, strict="true").returncode == 1


@installing("action")
def test_the_action_runs_no_code_of_a_pull_request(action, configs):
    root = configs({"money.yaml": GOOD})
    trap = "import pathlib; pathlib.Path(__file__).with_name('sprung').touch()\n"
    for name in ("venv.py", "pip.py", "dag_factory.py", "yaml.py", "json.py", "sitecustomize.py"):
        (root.parent / name).write_text(trap)
    shutil.rmtree(action.environment, ignore_errors=True)
    assert action(root.parent).returncode == 0
    assert action(root.parent, path="--help\n$(touch sprung)").returncode == 2
    assert not (root.parent / "sprung").exists()


@pytest.fixture
def pull_request(configs, tmp_path_factory):
    """Return a repository whose current commit merges a pull request, cloned as `actions/checkout` does."""
    origin = configs({"money.yaml": GOOD}).parent
    commit_all(origin)
    git = ("git", "-c", "user.name=test", "-c", "user.email=test@example.com")
    run(*git, "branch", "--move", "main", cwd=origin, check=True)
    run(*git, "checkout", "--quiet", "-b", "change", cwd=origin, check=True)
    (origin / "configs" / "money.yaml").write_text(GOOD.replace("@daily", "@hourly") + "catchup: true\n")
    run(*git, "commit", "--quiet", "--all", "--message", "Change", cwd=origin, check=True)

    def clone(*options: str) -> Path:
        folder = tmp_path_factory.mktemp("runner") / "checkout"
        command = ("clone", "--quiet", *options, "--branch", "change", origin.as_uri(), folder)
        run("git", *command, cwd=origin, check=True)
        return folder

    return clone


@installing("action")
def test_the_action_writes_the_plan_into_the_summary(action, pull_request):
    action.summary.unlink(missing_ok=True)
    result = action(pull_request(), plan="true")
    assert (result.returncode, result.stderr) == (0, "")
    summary = action.summary.read_text("utf-8")
    assert "### What this change does in Airflow" in summary
    assert "| danger | money | **backfill**: makes " in summary


@installing("action")
def test_the_action_can_be_a_gate(action, pull_request):
    folder = pull_request()
    assert action(folder, plan="true", **{"fail-on": "unreached"}).returncode == 0
    assert action(folder, plan="true", **{"fail-on": "unreached,backfill"}).returncode == 1
    assert action(folder, plan="true", against="$(touch sprung)").returncode == 2
    assert not (folder / "sprung").exists()


@installing("action")
def test_the_action_says_what_a_shallow_clone_lacks(action, pull_request):
    result = action(pull_request("--depth", "1"), plan="true")
    assert result.returncode == 2
    assert "'fetch-depth: 0' of actions/checkout" in result.stderr


# --- the schemas of GitHub and GitLab


def check_builtin(schema: str, *files: Path) -> str:
    result = run(
        *(sys.executable, "-m", "check_jsonschema", "--builtin-schema", schema), *files, cwd=files[0].parent
    )
    return result.stdout + result.stderr


@pytest.mark.slow
def test_githubs_schemas_accept_the_action_and_the_workflows(repository):
    workflows = sorted((repository / ".github" / "workflows").glob("*.yml"))
    assert len(workflows) >= 3
    assert check_builtin("vendor.github-actions", repository / "action.yml") == "ok -- validation done\n"
    assert check_builtin("vendor.github-workflows", *workflows) == "ok -- validation done\n"
    assert check_builtin("custom.github-workflows-require-timeout", *workflows) == "ok -- validation done\n"


@pytest.mark.slow
def test_githubs_and_gitlabs_schemas_accept_the_files_of_init(tmp_path, capsys):
    for ci in ("github", "gitlab"):
        assert main(["init", str(tmp_path), "--ci", ci]) == 0
    workflow = tmp_path / ".github" / "workflows" / "dag-factory.yml"
    assert check_builtin("vendor.github-workflows", workflow) == "ok -- validation done\n"
    assert check_builtin("vendor.gitlab-ci", tmp_path / ".gitlab-ci.yml") == "ok -- validation done\n"
    capsys.readouterr()


# --- the guides


def blocks_of(guide: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", guide.read_text("utf-8"), re.MULTILINE | re.DOTALL)


@installing("pre-commit")
def test_the_schemas_accept_the_files_of_the_guide_for_ci(repository, pre_commit, tmp_path):
    workflow, hooks, pipeline = blocks_of(repository / "docs" / "ci.md", "yaml")
    for name, text in {"workflow.yml": workflow, "hooks.yaml": hooks, "pipeline.yml": pipeline}.items():
        (tmp_path / name).write_text(text, "utf-8")
    assert check_builtin("vendor.github-workflows", tmp_path / "workflow.yml") == "ok -- validation done\n"
    assert check_builtin("vendor.gitlab-ci", tmp_path / "pipeline.yml") == "ok -- validation done\n"
    assert pre_commit("validate-config", "hooks.yaml", cwd=tmp_path).returncode == 0


def test_the_schemas_accept_the_nightly_jobs_of_the_guide(repository, tmp_path):
    workflow, pipeline = blocks_of(repository / "docs" / "from-airbyte.md", "yaml")
    for name, text in {"workflow.yml": workflow, "pipeline.yml": pipeline}.items():
        (tmp_path / name).write_text(text, "utf-8")
    assert check_builtin("vendor.github-workflows", tmp_path / "workflow.yml") == "ok -- validation done\n"
    assert check_builtin("vendor.gitlab-ci", tmp_path / "pipeline.yml") == "ok -- validation done\n"


@pytest.mark.parametrize("language", ["sh", "yaml"])
def test_no_page_installs_a_name_that_anybody_may_own(repository, language):
    """pip would resolve a bare name from a public index."""
    for page in sorted((repository / "docs").glob("*.md")):
        for block in blocks_of(page, language):
            assert not re.search(
                r"pip install .*airbyte-dag-factory(\[[a-z]+\])?['\"]?$", block, re.MULTILINE
            )


def test_the_pipeline_of_the_guide_reports_and_logs(repository, configs):
    """GitLab's command in a shell: the report for the merge request, the text for the log."""
    *_, pipeline = blocks_of(repository / "docs" / "ci.md", "yaml")
    command = yaml.safe_load(pipeline)["validate"]["script"][-1]
    root = configs({"money.yaml": BAD})
    programs = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    result = run("sh", "-c", command, cwd=root.parent, PATH=programs)
    assert result.returncode == 1
    assert "configs/money.yaml:4:1: error: unknown key 'retrys' [unknown-key]" in result.stdout
    assert (root.parent / "dag-factory.xml").read_text("utf-8").startswith("<?xml")
    (root / "money.yaml").write_text(GOOD)
    assert run("sh", "-c", command, cwd=root.parent, PATH=programs).returncode == 0


def test_the_guide_shows_the_output_of_the_commands(repository, tmp_path, capsys):
    shown, *_, made = blocks_of(repository / "docs" / "commands.md", "text")
    now = datetime(2026, 3, 26, 12, 0, tzinfo=UTC)
    assert show(repository / "configs", "dev", "sales_sources", "text", now) == 0
    # Three dots are a placeholder for omitted lines.
    parts = map(re.escape, re.split(r"^\.\.\.\n", shown, flags=re.MULTILINE))
    assert re.fullmatch("(?:.*\n)*".join(parts), capsys.readouterr().out)
    assert main(["init", str(tmp_path)]) == 0
    assert capsys.readouterr().out.startswith(f"{made}\n")


@pytest.mark.parametrize(("block", "arguments"), [(1, ["--at", "2026-03-27T12:00"]), (2, ["--requires"])])
def test_the_guide_shows_the_lists(block, arguments, repository, monkeypatch, capsys):
    monkeypatch.chdir(repository)
    monkeypatch.setattr(listing, "_width", lambda: 110)
    assert main(["list", *arguments]) == 0
    assert capsys.readouterr().out == blocks_of(repository / "docs" / "commands.md", "text")[block]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("schema", "names"),
    [("github-issue-forms", ["bug.yml", "feature.yml"]), ("github-issue-config", ["config.yml"])],
)
def test_github_accepts_the_issue_templates(repository, schema, names):
    files = [repository / ".github" / "ISSUE_TEMPLATE" / name for name in names]
    assert check_builtin(f"vendor.{schema}", *files) == "ok -- validation done\n"
