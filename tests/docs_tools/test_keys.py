"""Keys as the reference shows them."""

from __future__ import annotations

from docs_tools.keys import dag_keys, page, sync_keys

SCHEMA = {
    "$defs": {
        "dag": {
            "properties": {
                "schedule": {"$ref": "#/$defs/schedule"},
                "tags": {
                    "type": "array",
                    "uniqueItems": True,
                    "items": {"type": "string"},
                    "description": "T.",
                },
                "enabled": {"type": "boolean", "default": True, "description": "Or not."},
            }
        },
        "schedule": {
            "description": "When. Default: never, or <a>. More of it.",
            "type": ["string", "null", "object"],
            "properties": {"every": {"$ref": "#/$defs/duration", "description": "Distance."}},
        },
        "duration": {"type": ["integer", "string"], "exclusiveMinimum": 0, "maximum": 1000},
        "sync": {"properties": {"mode": {"enum": ["a", "b"], "default": "a", "description": "How."}}},
    }
}


def test_keys_inside_a_mapping_follow_it():
    assert [key.path for key in dag_keys(SCHEMA)] == ["schedule", "schedule.every", "tags", "enabled"]


def test_a_default_is_taken_out_of_the_description_and_is_not_html():
    schedule, *_ = dag_keys(SCHEMA)
    assert (schedule.default, schedule.description) == ("never, or &lt;a>", "When. More of it.")


def test_types_and_bounds_are_in_words():
    schedule, every, tags, enabled = dag_keys(SCHEMA)
    assert [schedule.type, every.type, tags.type] == [
        "string or null or mapping",
        "duration",
        "list of strings",
    ]
    assert (every.bounds, tags.bounds) == (("more than 0, at most 1,000",), ("no item twice",))
    assert (enabled.type, enabled.default) == ("boolean", "`true`")


def test_an_entry_has_an_anchor_and_its_example():
    text = page("Keys", "These.", sync_keys(SCHEMA), {"mode": "mode: b"})
    assert text.startswith("# Keys\n\nThese.\n\n| key | type | default |\n")
    assert "| [`mode`](#mode) | `a`, `b` | `a` |" in text
    assert text.endswith("## `mode`\n\nHow.\n\n* type: `a`, `b`\n* default: `a`\n\n```yaml\nmode: b\n```\n")
