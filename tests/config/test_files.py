"""Which files of a folder are configurations."""

from __future__ import annotations

import pytest

from dag_factory.config.files import list_below_top, list_files


@pytest.fixture
def root(tmp_path):
    root = tmp_path / "configs"
    for name in (
        "b.yaml",
        "a.yml",
        "defaults.yaml",
        ".hidden.yaml",
        "text.txt",
        "sales/a.yaml",
        ".git/a.yaml",
    ):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("", "utf-8")
    return root


def names(listing):
    return [file.name for file in listing.files]


def test_files_are_listed_in_order_without_hidden_ones(root):
    listing = list_files(root, "configs")
    expected = ["configs/a.yml", "configs/b.yaml", "configs/defaults.yaml", "configs/sales/a.yaml"]
    assert (names(listing), listing.diagnostics) == (expected, ())
    assert [file.folder for file in listing.files] == ["configs", "configs", "configs", "configs/sales"]
    assert [file.path.is_file() for file in listing.files] == [True] * 4


def test_a_stem_selects_its_files_and_the_defaults(root):
    expected = ["configs/a.yml", "configs/defaults.yaml", "configs/sales/a.yaml"]
    assert names(list_files(root, "configs", stem="a")) == expected


def test_a_stem_with_dots_loses_only_the_extension(root):
    (root / "team.load.yaml").write_text("", "utf-8")
    assert [file.stem for file in list_files(root, "configs", stem="team.load").files] == [
        "defaults",
        "team.load",
    ]


def test_links_are_followed_only_inside(root, tmp_path):
    (tmp_path / "outside.yaml").write_text("", "utf-8")
    (root / "inside.yaml").symlink_to("b.yaml")
    (root / "out.yaml").symlink_to(tmp_path / "outside.yaml")
    (root / "folder").symlink_to(tmp_path)
    listing = list_files(root, "configs")
    assert "configs/inside.yaml" in names(listing)
    assert "configs/out.yaml" not in names(listing)
    found = sorted((each.file, each.message) for each in listing.diagnostics)
    assert found == [
        ("configs/folder", "is a link to a folder; links are not followed"),
        ("configs/out.yaml", "is a link that leads out of the folder"),
    ]


def test_a_folder_with_the_name_of_a_file_is_listed_to_be_reported(root):
    (root / "x.yaml").mkdir()
    assert "configs/x.yaml" in names(list_files(root, "configs"))


def test_a_folder_below_the_top_comes_with_the_defaults_above_it(root, tmp_path):
    below = root / "teams/north"
    below.mkdir(parents=True)
    (below / "c.yaml").write_text("", "utf-8")
    (root / "teams/defaults.yml").write_text("", "utf-8")
    (root / "teams/d.yaml").write_text("", "utf-8")
    (tmp_path / "defaults.yaml").write_text("", "utf-8")
    expected = ["configs/defaults.yaml", "configs/teams/defaults.yml", "configs/teams/north/c.yaml"]
    assert names(list_below_top(below)) == expected
    assert names(list_below_top(root)) == names(list_files(root, "configs"))


def test_links_of_defaults_above_are_followed_only_inside(root, tmp_path):
    (tmp_path / "outside.yaml").write_text("", "utf-8")
    (root / "defaults.yaml").unlink()
    (root / "defaults.yaml").symlink_to(tmp_path / "outside.yaml")
    listing = list_below_top(root / "sales")
    assert names(listing) == ["configs/sales/a.yaml"]
    assert [each.message for each in listing.diagnostics] == ["is a link that leads out of the folder"]


def test_without_a_top_folder_files_above_are_ignored(tmp_path):
    (tmp_path / "syncs").mkdir()
    (tmp_path / "syncs/a.yaml").write_text("", "utf-8")
    (tmp_path / "defaults.yaml").write_text("", "utf-8")
    assert names(list_below_top(tmp_path / "syncs")) == ["syncs/a.yaml"]


@pytest.mark.parametrize(
    ("name", "fixed"),
    [("c.YAML", "c.yaml"), ("C.Yml", "C.yml"), ("Defaults.YML", "defaults.yml"), ("sales/C.yaML", "C.yaml")],
)
def test_an_uppercase_extension_is_reported(name, fixed, root):
    (root / name).write_text("", "utf-8")
    [found] = list_files(root, "configs").diagnostics
    assert (found.file, found.code, found.help) == (
        f"configs/{name}",
        "unreadable-file",
        f"call it '{fixed}'",
    )


def test_folders_and_hidden_files_may_have_an_uppercase_extension(root):
    (root / "c.YAML").mkdir()
    (root / ".c.YAML").write_text("", "utf-8")
    assert list_files(root, "configs").diagnostics == ()
