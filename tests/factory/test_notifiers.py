"""Notifiers on the installed Airflow: what is called, what is not, and the messages."""

from __future__ import annotations

import sys

import pytest
from airflow.providers.common.compat.sdk import AirflowTaskTimeout, BaseNotifier

from dag_factory.config.model.dag import Notify
from dag_factory.config.project import load_project
from dag_factory.factory.notifiers import NotifierMaker, notifier_class

pytestmark = pytest.mark.airflow

UUID = "1e3b5a72-7bfd-4808-a13c-204505490110"

HEAD = """
from airflow.providers.common.compat.sdk import AirflowTaskTimeout, BaseNotifier

calls = []

def called(*arguments, **named):
    calls.append((arguments, named))
    raise AssertionError("called")

class Pager(BaseNotifier):
    def __init__(self, **arguments):
        super().__init__()
        self.arguments = arguments

    def notify(self, context):
        pass
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    """Create modules that YAML can name, from their names and sources."""
    monkeypatch.syspath_prepend(tmp_path / "modules")
    before = set(sys.modules)

    def make(name, text):
        path = tmp_path / "modules" / f"{name.replace('.', '/')}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(HEAD + text)

    yield make
    for name in set(sys.modules) - before:
        if name.startswith("made_up"):
            del sys.modules[name]


def refused(path, prefixes=None):
    found = notifier_class(path, prefixes)
    assert not isinstance(found, type)
    return found.message, found.hint


@pytest.fixture
def make(configs):
    """Make the callbacks of one DAG. Return them and the error messages."""

    def make(notifiers, maker=None):
        text = f"notify:\n  on_failure:\n{notifiers}schedule: null\nsyncs:\n  money: {UUID}\n"
        project = load_project(configs({"money.yaml": text}), None)
        (dag,) = project.dags
        maker = maker or NotifierMaker(None)
        return maker.callbacks(dag.notify), maker.faults

    return make


def test_a_class_is_found_and_not_called(module):
    module("made_up", "class Loud(Pager):\n    __init__ = called\n")
    found = notifier_class("made_up.Loud", None)
    assert issubclass(found, BaseNotifier)
    assert sys.modules["made_up"].calls == []


@pytest.mark.parametrize(
    "source",
    [
        "found = called",
        "class found:\n    __init__ = called",
        "class found:\n    __call__ = called\nfound = found()",
        "class found:\n    __getattribute__ = called\n    __class__ = property(called)\nfound = found()",
        "class Meta(type):\n    __call__ = __getattribute__ = __eq__ = __subclasscheck__ = called\n"
        "    __mro__ = property(called)\n    mro = type.mro\n    __hash__ = type.__hash__\n"
        "class found(metaclass=Meta): pass",
        "class Descriptor:\n    __get__ = called\nfound = Descriptor()",
        "from functools import partial\nfound = partial(called)",
        "found = Pager()",
        "found = None",
        "found = BaseNotifier",
        "class Fake:\n    __class__ = type\n    __mro__ = (Pager, BaseNotifier)\n    __call__ = called\n"
        "found = Fake()",
    ],
)
def test_an_object_that_is_not_a_notifier_is_not_called(module, source):
    module("made_up", source)
    message, hint = refused("made_up.found")
    assert hint == "write made_up.Pager"
    assert message in (
        "'made_up.found' is not a subclass of Airflow's BaseNotifier",
        "the module 'made_up' does not define 'found'",
    )
    assert sys.modules["made_up"].calls == []


def test_a_modules_own_getattr_is_not_called(module):
    module("made_up", "__getattr__ = called")
    message, _ = refused("made_up.Missing")
    assert message == "the module 'made_up' does not define 'Missing'"
    assert sys.modules["made_up"].calls == []


def test_a_module_that_replaces_itself_is_not_used(module):
    module(
        "made_up",
        "import sys, types\nclass Lazy(types.ModuleType):\n    __getattr__ = called\n"
        "    __dict__ = property(called)\n    found = property(called)\n"
        "sys.modules[__name__] = Lazy('made_up')\nsys.modules[__name__ + '_calls'] = calls\n",
    )
    refused("made_up.found")
    assert sys.modules["made_up_calls"] == []


@pytest.mark.parametrize(
    "path", ["os.system", "builtins.dict", "antigravity.fly", "__main__.Thing", "made_up._Hidden", "made_up"]
)
def test_a_rejected_path_is_not_imported(module, path):
    module("made_up", "class _Hidden(Pager): pass")
    before = set(sys.modules)
    refused(path)
    assert set(sys.modules) == before


def test_a_path_that_the_operator_does_not_allow_is_not_imported(module):
    module("made_up", "")
    message, hint = refused("made_up.Pager", ("team",))
    assert message.endswith("DAG_FACTORY_NOTIFIER_PREFIXES does not allow it")
    assert hint == "write one below 'team', or extend the variable"
    assert "made_up" not in sys.modules


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("def down(): down()\ndown()", "RecursionError: maximum recursion depth exceeded"),
        ("raise MemoryError", "MemoryError"),
        ("raise GeneratorExit", "GeneratorExit"),
        ("class Odd(BaseException): pass\nraise Odd('x')", "made_up.Odd: x"),
        ("class Odd(Exception):\n    __str__ = called\nraise Odd", "made_up.Odd: <exception str() failed>"),
        ("this is no Python", "SyntaxError: invalid syntax"),
        ("raise ValueError('two\\nlines ' + 400 * 'x')", f"ValueError: two lines {278 * 'x'}..."),
    ],
)
def test_exceptions_of_an_import_are_reported(module, source, said):
    module("made_up", source)
    message, hint = refused("made_up.Pager")
    assert message == f"the notifier 'made_up.Pager' cannot be imported: {said}"
    assert hint == "fix or update the package that contains it, on the DAG processor and the workers"


@pytest.mark.parametrize("error", [KeyboardInterrupt, AirflowTaskTimeout])
def test_exceptions_for_the_whole_parse_are_passed_on(module, error):
    module("made_up", f"raise {error.__name__}")
    with pytest.raises(error):
        notifier_class("made_up.Pager", None)


@pytest.mark.parametrize(
    ("path", "hint"),
    [
        (
            "airflow.providers.slack.notifications.slack.SlackNotifier",
            "install apache-airflow-providers-slack on the DAG processor and the workers",
        ),
        (
            "airflow.providers.smtp.notifications.mail.SmtpNotifier",
            "correct the path: 'airflow.providers.smtp.notifications' is installed and has no such module",
        ),
        (
            "airflow.providers.smtp.notifications.smtp.Mail",
            "write airflow.providers.smtp.notifications.smtp.",
        ),
        (
            "made_up_team.alerts.Pager",
            "install the package that contains it on the DAG processor and the workers, or correct the path",
        ),
        ("made_up.inside.Pager", "correct the path: 'made_up' is installed and has no such module"),
        (
            "made_up_needy.Pager",
            "install the package that contains 'made_up_library', on the DAG processor and the workers",
        ),
    ],
)
def test_missing_modules_are_reported(module, path, hint):
    module("made_up", "")
    module("made_up_needy", "import made_up_library.part")
    assert refused(path)[1].startswith(hint)


def test_exceptions_of_a_constructor_are_reported_without_its_arguments(module, make):
    module(
        "made_up",
        "class Picky(Pager):\n    def __init__(self, channel, token):\n"
        "        raise ValueError(f'{channel!r} with {token} {[token]}')\n",
    )
    callbacks, (fault,) = make("    - {notifier: made_up.Picky, channel: '#money', token: \"it's hidden\"}\n")
    assert callbacks.on_failure == ()
    assert fault.message == (
        "the notifier 'made_up.Picky' cannot be created: ValueError: '...' with ... [\"...\"]"
    )
    assert fault.help == "correct its arguments, the keys beside 'notifier'"
    assert (fault.file, fault.span.line, fault.code) == ("configs/money.yaml", 3, "bad-notifier")


@pytest.mark.parametrize(
    ("source", "said"),
    [
        (
            "def __init__(self): pass",
            "TypeError: Picky.__init__() got an unexpected keyword argument 'channel'",
        ),
        ("def __init__(self, channel): raise SystemExit(channel)", "SystemExit: ..."),
        ("def __init__(self, channel): self.__init__(channel)", "RecursionError: maximum recursion depth"),
    ],
)
def test_a_failing_constructor_costs_only_its_notifier(module, make, source, said):
    module("made_up", f"class Picky(Pager):\n    {source}\n")
    callbacks, (fault,) = make(
        "    - {notifier: made_up.Picky, channel: money}\n    - {notifier: made_up.Pager, channel: money}\n"
    )
    assert [notifier.arguments for notifier in callbacks.on_failure] == [{"channel": "money"}]
    assert f"cannot be created: {said}" in fault.message


def test_a_class_that_creates_something_else_is_rejected(module, make):
    module("made_up", "class Trick(Pager):\n    def __new__(cls): return 3\n")
    callbacks, (fault,) = make("    - notifier: made_up.Trick\n")
    assert callbacks.on_failure == ()
    assert fault.message == "'made_up.Trick' does not create a BaseNotifier"


def test_a_failed_notifier_is_not_tried_again(module, configs):
    module(
        "made_up",
        "class Once(Pager):\n    def __init__(self):\n        calls.append(1)\n        raise ValueError\n",
    )
    root = configs(
        {
            "defaults.yaml": "notify:\n  on_failure:\n    - notifier: made_up.Once\n",
            **{f"dag_{number}.yaml": f"schedule: null\nsyncs:\n  money: {UUID}\n" for number in range(5)},
        }
    )
    maker = NotifierMaker(None)
    made = [maker.callbacks(dag.notify).on_failure for dag in load_project(root, None).dags]
    assert made == [()] * 5
    assert [(fault.file, fault.span.line) for fault in maker.faults] == [("configs/defaults.yaml", 3)]
    assert sys.modules["made_up"].calls == [1]


def test_each_notifier_has_its_own_arguments(module, configs):
    module("made_up", "")
    text = "notify:\n  on_failure:\n    - {notifier: made_up.Pager, blocks: [a]}\n"
    root = configs({"money.yaml": f"{text}schedule: null\nsyncs:\n  money: {UUID}\n"})
    (dag,) = load_project(root, None).dags
    maker = NotifierMaker(None)
    (first,), (second,) = (maker.callbacks(dag.notify).on_failure for _ in range(2))
    first.arguments["blocks"].append("b")
    assert second.arguments == {"blocks": ["a"]}


def test_no_notifiers_are_no_callbacks():
    maker = NotifierMaker(None)
    assert maker.callbacks(Notify()).on_failure == ()
    assert maker.faults == ()
