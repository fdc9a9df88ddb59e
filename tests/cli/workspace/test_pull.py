"""`dag-factory pull` against a local Airbyte over HTTP: what it writes, refuses and says."""

from __future__ import annotations

import json
import sys
import threading
import uuid

import pytest

from dag_factory.airbyte.clock import Clock
from dag_factory.cli.main import main
from dag_factory.cli.workspace import pull
from dag_factory.report.formats import FORMATS
from dag_factory.workspace.airbyte import api
from tests.local_airbyte.conftest import SECRET, Airbyte, airbyte, ended  # noqa: F401 (fixtures)

pytestmark = pytest.mark.slow
CONNECTIONS = 250
FILE, STREAMS = "airbyte/airbyte_default.json", "airbyte/airbyte_default.streams.json"


@pytest.fixture
def repository(tmp_path, monkeypatch, airbyte):  # noqa: F811 (a fixture)
    """A repository in which commands run, with the local Airbyte's address and credentials."""
    root = tmp_path / "repository"
    (root / "configs").mkdir(parents=True)
    monkeypatch.chdir(root)
    for name in ("GITHUB_ACTIONS", "DAG_FACTORY_ENV", "ALL_PROXY", "HTTP_PROXY", "http_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AIRBYTE_URL", airbyte.server.url)
    monkeypatch.setenv("AIRBYTE_CLIENT_ID", airbyte.client_id)
    monkeypatch.setenv("AIRBYTE_CLIENT_SECRET", SECRET)
    fast = threading.Event()
    monkeypatch.setattr(api, "SYSTEM_CLOCK", Clock(sleep=lambda _seconds: fast.wait(0.001)))
    return root


@pytest.fixture
def run(capsys):
    def call(*arguments: str):
        status = main(["pull", *arguments])
        said = capsys.readouterr()
        assert SECRET not in said.out + said.err
        return status, said.out, said.err

    return call


@pytest.fixture
def many(airbyte, repository):  # noqa: F811, ARG001 (a fixture, which has to be there)
    """Ids of many connections, with a source whose configuration holds a secret."""
    ids = [str(uuid.uuid4()) for _ in range(CONNECTIONS)]
    airbyte.admin(
        "POST",
        "/contents",
        {
            "sources": [{"name": "vault", "sourceType": "postgres", "configuration": {"password": SECRET}}],
            "connections": [{"connectionId": each, "name": f"c {each}", "source": "vault"} for each in ids],
        },
    )
    return ids


def snapshot(repository) -> dict:
    return json.loads((repository / FILE).read_bytes())


def files(repository) -> dict[str, bytes]:
    return {str(each): each.read_bytes() for each in (repository / "airbyte").rglob("*") if each.is_file()}


def fails(run, repository, *arguments: str) -> str:
    """Run it, and return its one line; what is there is not touched."""
    (repository / "airbyte").mkdir(exist_ok=True)
    before = files(repository)
    status, out, err = run(*arguments)
    assert status in (1, 2), err
    assert out == ""
    assert files(repository) == before
    (line,) = [each for each in err.splitlines() if "trying again" not in each]
    return line


def test_it_writes_all_connections(run, repository, many):
    assert run()[0] == 0
    assert set(many) <= set(snapshot(repository)["connections"])


@pytest.mark.usefixtures("many")
def test_no_secret_is_in_a_file(run, repository):
    run()
    assert not [name for name, data in files(repository).items() if SECRET.encode() in data]


@pytest.mark.parametrize("kind", ["unordered", "short_pages", "lying_next"])
@pytest.mark.usefixtures("many")
def test_a_second_pull_writes_the_same_bytes(run, repository, airbyte, kind):  # noqa: F811
    run()
    before = files(repository)
    airbyte.fault("GET /connections", kind, times=None)
    status, out, _err = run()
    assert (status, files(repository)) == (0, before)
    assert "unchanged" in out


@pytest.mark.usefixtures("many")
def test_pages_that_always_overlap_are_refused(run, repository, airbyte):  # noqa: F811
    run()
    airbyte.fault("GET /connections", "overlapping", times=None)
    assert "Airbyte's list of connections cannot be read whole: its pages repeat" in fails(run, repository)


def test_connections_that_change_meanwhile(run, repository, airbyte, many):  # noqa: F811
    def change() -> None:
        for each in many[:20]:
            airbyte.admin("PATCH", f"/connections/{each}", {"name": f"new {each}"})
            airbyte.admin("DELETE", f"/connections/{many[-1 - many.index(each)]}")

    thread = threading.Thread(target=change)
    thread.start()
    status, _out, _err = run()
    thread.join()
    assert status in (0, 1)
    run()
    found = snapshot(repository)["connections"]
    assert all(found[each]["name"] == f"new {each}" for each in many[:20])
    assert set(many[:-20]) <= set(found)


def test_wrong_credentials(run, repository, monkeypatch):
    monkeypatch.setenv("AIRBYTE_CLIENT_SECRET", "wrong-secret-1")
    line = fails(run, repository)
    assert "check AIRBYTE_CLIENT_ID and AIRBYTE_CLIENT_SECRET" in line
    assert "wrong-secret-1" not in line
    assert "Airflow" not in line


def test_the_address_of_the_internal_api(run, repository, monkeypatch, airbyte):  # noqa: F811
    monkeypatch.setenv("AIRBYTE_URL", airbyte.server.url.replace("/api/public/v1", "/api/v1"))
    line = fails(run, repository)
    assert f"write {airbyte.server.url} into AIRBYTE_URL; AIRBYTE_URL, host " in line
    assert "connection_id" not in line


def test_the_address_of_the_internal_api_in_a_connection(run, repository, monkeypatch, airbyte):  # noqa: F811
    host = airbyte.server.url.replace("/api/public/v1", "/api/v1")
    monkeypatch.setenv(
        "AIRFLOW_CONN_AIRBYTE_DEFAULT", json.dumps({"host": host, "login": "a", "password": SECRET})
    )
    line = fails(run, repository)
    assert f"write {airbyte.server.url}; AIRFLOW_CONN_AIRBYTE_DEFAULT, host {host}" in line


def test_a_list_that_is_not_there(run, repository, airbyte):  # noqa: F811
    airbyte.fault("GET /connections", "status", code=404)
    line = fails(run, repository)
    assert "/api/public/v1" in line
    assert "connection_id" not in line


def test_what_may_not_be_read(run, repository, airbyte):  # noqa: F811
    airbyte.fault("GET /workspaces", "status", code=403)
    assert "Reader" in fails(run, repository)


def test_a_page_for_people(run, repository, airbyte):  # noqa: F811
    airbyte.fault("*", "html", times=None)
    assert "end in /v1" in fails(run, repository)


def test_an_address_that_does_not_speak_tls(run, repository, monkeypatch, airbyte):  # noqa: F811
    monkeypatch.setenv("AIRBYTE_URL", airbyte.server.url.replace("http:", "https:"))
    assert "http:// instead of https://" in fails(run, repository)


def test_nothing_listens(run, repository, monkeypatch):
    monkeypatch.setattr(api, "PATIENCE", 0.5)
    monkeypatch.setenv("AIRBYTE_URL", "http://127.0.0.1:9/api/public/v1")
    line = fails(run, repository)
    assert "check the host and its port" in line
    assert "Airflow connection" not in line


def test_no_answer_in_time(run, repository, monkeypatch, airbyte):  # noqa: F811
    monkeypatch.setattr(api, "PATIENCE", 0.5)
    monkeypatch.setattr("dag_factory.workspace.airbyte.credentials.TIMEOUT", 0.2)
    monkeypatch.setattr("dag_factory.workspace.airbyte.credentials.Access", _quick_access())
    airbyte.fault("*", "delay", seconds=1, times=None)
    line = fails(run, repository)
    assert "timed out" in line
    assert "connection's extra" not in line


def _quick_access():
    from dag_factory.airbyte.api.access import Access  # noqa: PLC0415 (replaced by the test)

    return lambda **values: Access(**{"timeout": 0.2, **values})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"version": 99}', "<<<<<<< HEAD\n"])
def test_a_damaged_snapshot_is_not_replaced(run, repository, text):
    (repository / "airbyte").mkdir()
    (repository / FILE).write_text(text)
    status, _out, err = run()
    assert status == 2
    assert FILE in err
    assert (repository / FILE).read_text() == text


def test_a_catastrophic_pull_needs_consent(run, repository, airbyte, many):  # noqa: F811
    run()
    for each in many:
        airbyte.admin("DELETE", f"/connections/{each}")
    line = fails(run, repository)
    assert "--accept-removals" in line
    assert run("--accept-removals")[0] == 0


@pytest.mark.parametrize("file", [FILE, STREAMS])
def test_of_the_two_files_none_is_written_if_one_is_a_folder(run, repository, file):
    (repository / file).mkdir(parents=True)
    status, _out, err = run()
    assert status == 2
    assert file in err
    assert files(repository) == {}


@pytest.mark.parametrize("file", [FILE, STREAMS])
def test_a_link_in_the_repository_stays_a_link(run, repository, airbyte, many, file):  # noqa: F811
    run()
    place, kept = repository / file, repository / "kept.json"
    place.rename(kept)
    place.symlink_to("../kept.json")
    airbyte.admin("DELETE", f"/connections/{many[0]}")
    before = kept.read_bytes()
    assert run()[0] == 0
    assert place.is_symlink()
    assert kept.read_bytes() != before


def test_a_link_out_of_the_repository_is_not_written_through(run, repository):
    run()
    place, kept = repository / FILE, repository.parent / "kept.json"
    place.rename(kept)
    place.symlink_to(kept)
    before = kept.read_bytes()
    assert "leads out of the repository" in fails(run, repository)
    assert (kept.read_bytes(), place.is_symlink()) == (before, True)


@pytest.mark.usefixtures("many")
def test_what_could_not_be_read_back_is_not_written(run, repository, monkeypatch):
    monkeypatch.setattr(pull, "MAX_BYTES", 10_000)
    assert "connections is larger than can be read back" in fails(run, repository)
    assert files(repository) == {}


@pytest.mark.parametrize("style", FORMATS)
def test_check(run, repository, airbyte, many, style):  # noqa: F811
    run()
    before = files(repository)
    status, out, _err = run("--check", "--format", style)
    assert status == 0
    assert (out == f"no difference between {FILE} and Airbyte\n") is (style in ("text", "concise", "github"))
    airbyte.admin("PATCH", f"/connections/{many[0]}", {"name": "renamed"})
    status, out, _err = run("--check", "--format", style)
    assert status == 1
    assert "renamed" in out
    assert files(repository) == before


def test_check_counts_the_files_that_it_names(run, repository, airbyte, many):  # noqa: F811
    run()
    for number, each in enumerate(many[:3]):
        text = f"schedule: null\nsyncs: {{a: {each}}}\n"
        (repository / "configs" / f"dag_{number}.yaml").write_text(text, "utf-8")
    for each in many[:4]:
        airbyte.admin("PATCH", f"/connections/{each}", {"name": f"renamed {each}"})
    status, out, _err = run("--check")
    assert status == 1
    assert out.splitlines()[-1] == "4 errors in 4 files"


def test_check_needs_a_snapshot(run, repository):
    assert "run 'dag-factory pull' first" in fails(run, repository, "--check")


def test_of_an_environment(run, repository):
    assert run("--env", "dev", "--airbyte-conn-id", "airbyte_eu")[0] == 0
    names = sorted(
        each.relative_to(repository).as_posix() for each in (repository / "airbyte").rglob("*.json")
    )
    assert names == ["airbyte/dev/airbyte_eu.json", "airbyte/dev/airbyte_eu.streams.json"]


@pytest.mark.parametrize("option", ["--env", "--airbyte-conn-id"])
@pytest.mark.parametrize("word", ["../x", "", ".", "..", ".x", "a/b", "a\nb", "x\x1b[2J", "x" * 101, "ä"])
def test_odd_words_are_refused(run, repository, option, word):
    line = fails(run, repository, option, word)
    assert option in line
    assert line.isprintable()


def test_a_snapshot_is_not_named_like_streams(run, repository):
    assert "--airbyte-conn-id" in fails(run, repository, "--airbyte-conn-id", "x.streams")


def test_without_the_http_client(run, repository, monkeypatch):
    for name in [
        each for each in sys.modules if each.startswith(("dag_factory.airbyte.http", "dag_factory.workspace"))
    ]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "httpx", None)
    line = fails(run, repository)
    assert line == (
        "dag-factory pull: pull asks Airbyte, which needs the extra 'workspace': install the package again "
        "from where it came from, with '[workspace]' after its name or its file"
    )


def test_a_socks_proxy(run, repository, monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    assert "httpx[socks]" in fails(run, repository)
