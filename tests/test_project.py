"""A project on disk: settings, identity by content, versions, schema."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from alembic.script import ScriptDirectory

from helpers import small_micrograph, write_images
from premask.core.errors import PremaskError
from premask.core.phases import make_phases
from premask.core.records import Cost, Parameters
from premask.project import candidates, database, images, label_maps, settings
from premask.project.project import Project, init_project, open_project
from premask.project.schema import Base
from premask.project.settings import PRESETS, Settings, preset
from premask.workflow.add import add_images, change_image

COST = Cost(0.1, 0.1, 10, 1, "a machine")


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return init_project(tmp_path / "steel", Settings(make_phases(["Alpha", "TiB2"])))


@pytest.mark.parametrize("name", PRESETS)
def test_settings_survive_a_round_trip(tmp_path: Path, name: str) -> None:
    settings.write(tmp_path, preset(name))
    assert settings.read(tmp_path) == preset(name)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("phases = 3", "phases"),
        ("[[phases]]\nname='A'\n", "2 to"),
        ("[[phases]]\nname='A'\n[[phases]]\nname='a'\n", "twice"),
        ("[[phases]]\nname='A'\n[[phases]]\nname='void'\n", "pixels without a label"),
        ("[[phases]]\nname='A'\ncolour='red'\n[[phases]]\nname='B'\n", "#rrggbb"),
        ("[[phases]]\nname='A'\n[[phases]]\nname='B'\n[types]\nI=['C']\n", "'C'"),
        ("[[phases]]\nname='A'\n[[phases]]\nname='B'\n[inside]\nA='B'\n", "list"),
        ("[[phasen]]\nname='A'\n", "did you mean phases"),
        ("phases = [", "TOML"),
    ],
)
def test_a_wrong_settings_file_names_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "premask.toml").write_text(text)
    with pytest.raises(PremaskError, match=said):
        settings.read(tmp_path)


def test_a_project_is_not_made_twice(project: Project) -> None:
    with pytest.raises(PremaskError, match="already"):
        init_project(project.root, project.settings)


def test_a_folder_without_settings_is_no_project(tmp_path: Path) -> None:
    with pytest.raises(PremaskError, match="premask init"):
        open_project(tmp_path)


def test_the_newest_migration_is_the_one_that_the_code_names() -> None:
    scripts = ScriptDirectory(str(Path(database.__file__).parent / "migrations"))
    assert scripts.get_current_head() == database.HEAD


def test_migrations_lead_to_the_tables_that_the_code_uses(project: Project) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with project.engine.connect() as connection:
        context = MigrationContext.configure(connection)
        assert compare_metadata(context, Base.metadata) == []


def test_a_project_of_a_newer_premask_is_refused_and_left_alone(project: Project) -> None:
    project.engine.dispose()
    path = project.root / "premask.db"
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = path.read_bytes()
    with pytest.raises(PremaskError, match="newer premask"):
        open_project(project.root)
    assert path.read_bytes() == before


def test_a_file_that_is_no_database_is_refused(project: Project) -> None:
    project.engine.dispose()
    for leftover in project.root.glob("premask.db*"):
        leftover.unlink()
    (project.root / "premask.db").write_bytes(b"not a database at all" * 100)
    with pytest.raises(PremaskError, match="not a premask database"):
        open_project(project.root)


def test_an_image_is_known_by_its_content(project: Project, tmp_path: Path) -> None:
    (path,) = write_images(tmp_path / "in", 1)
    twin = path.with_name("twin.png")
    shutil.copy(path, twin)
    assert len(add_images(project, [path]).added) == 1
    again = add_images(project, [path.parent])
    assert again.present == ["a.png"]
    assert len(again.refused) == 1
    assert "twin.png" in again.refused[0]
    assert "as a.png" in again.refused[0]
    assert [image.name for image in images.all_images(project)] == ["a.png"]


def test_one_name_in_two_folders_is_two_images(project: Project, tmp_path: Path) -> None:
    for i in range(2):
        folder = tmp_path / f"in{i}"
        folder.mkdir()
        write_images(folder, i + 1)[-1].rename(folder / "same.png")
        (folder / "a.png").unlink(missing_ok=True)
    assert len(add_images(project, [tmp_path / "in0", tmp_path / "in1"]).added) == 2
    with pytest.raises(PremaskError, match="2 images are named"):
        images.find_image(project, "same.png")
    first = images.all_images(project)[0]
    assert images.find_image(project, first.id[:8]) == first


def test_the_original_is_kept_and_the_crop_is_a_view(project: Project, tmp_path: Path) -> None:
    (path,) = write_images(tmp_path / "in", 1)
    (record,) = add_images(project, [path], crop_bottom=16).added
    assert (record.height, record.view_height) == (96, 80)
    assert images.read_pixels(project, record).shape == (80, 128)
    assert (project.root / "objects" / record.content[:2] / record.content).read_bytes() == (
        path.read_bytes()
    )
    whole = change_image(project, record, crop_bottom=0)
    np.testing.assert_array_equal(images.read_pixels(project, whole), small_micrograph(0))


def test_candidates_of_another_crop_are_out_of_sight(project: Project, tmp_path: Path) -> None:
    (record,) = add_images(project, write_images(tmp_path / "in", 1)).added
    parameters = Parameters("kmeans", 2)
    regions = np.zeros((96, 128), np.uint8)
    assert candidates.save_candidate(project, record, parameters, regions, COST)
    assert not candidates.save_candidate(project, record, parameters, regions, COST)
    cropped = change_image(project, record, crop_bottom=16)
    assert candidates.all_candidates(project) == []
    assert not candidates.has_candidate(project, cropped, parameters)
    change_image(project, record, crop_bottom=0)
    assert len(candidates.all_candidates(project)) == 1


def test_a_crop_may_not_take_half_of_the_image(project: Project, tmp_path: Path) -> None:
    result = add_images(project, write_images(tmp_path / "in", 1), crop_bottom=49)
    assert "0 to 48" in result.refused[0]


def test_versions_of_a_label_map_are_kept(project: Project, tmp_path: Path) -> None:
    (record,) = add_images(project, write_images(tmp_path / "in", 1)).added
    maps = [np.full((96, 128), value, np.uint8) for value in (0, 255, 1)]
    parent = None
    for label_map in maps:
        parent = label_maps.save_label_map(
            project, record, label_map, annotator="ana", strategy="scratch", parent=parent
        )
    stored = label_maps.versions(project, record, "scratch")
    assert [version.parent for version in stored] == [None, 1, 2]
    for version, label_map in zip(stored, maps, strict=True):
        np.testing.assert_array_equal(label_maps.read_version(project, version), label_map)
    assert label_maps.latest(project, record, "preannotated") is None


def test_types_are_checked_where_the_project_names_them(tmp_path: Path) -> None:
    steel = init_project(tmp_path / "steel", preset("microsteel"))
    paths = write_images(tmp_path / "in", 1)
    with pytest.raises(PremaskError, match="I, II, III"):
        add_images(steel, paths, type_="IV")


def test_the_database_can_be_opened_by_several_at_once(project: Project) -> None:
    with database.transaction(project.engine) as session:
        session.connection()
        other = open_project(project.root)
        assert images.all_images(other) == []
        other.engine.dispose()


def test_a_network_drive_is_recognised(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    mounts = f"/dev/sda / ext4 rw 0 0\nserver:/x {tmp_path} nfs4 rw 0 0\n"
    original = Path.read_text

    def read_text(self: Path, *args: object, **kwargs: object) -> str:
        if str(self) == "/proc/mounts":
            return mounts
        return original(self, *args, **kwargs)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "read_text", read_text)
    assert database.on_network_drive(tmp_path / "premask.db")
    assert not database.on_network_drive(Path("/somewhere/else.db"))
    engine = database.open_database(tmp_path)
    with engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "delete"
    engine.dispose()


def test_a_project_of_the_first_schema_is_brought_up_to_date_and_keeps_its_data(
    tmp_path: Path,
) -> None:
    from alembic import command
    from alembic.config import Config
    from sqlalchemy import create_engine, text

    root = tmp_path / "old"
    root.mkdir()
    settings.write(root, Settings(make_phases(["Alpha", "TiB2"])))
    engine = create_engine(f"sqlite:///{root / database.FILE_NAME}")
    config = Config()
    config.set_main_option("script_location", "premask.project:migrations")
    with engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(
            text(
                "INSERT INTO images VALUES"
                " ('f00d', 1, 'a.png', 'f00d.png', 'I', 8, 6, 0, NULL, NULL, 0, '2026')"
            )
        )
        connection.execute(
            text(
                "INSERT INTO label_maps VALUES"
                " (7, 'f00d', 'ana', 'reference', 'beef.png', 0, '2026', NULL, 'kept')"
            )
        )
        connection.commit()
    engine.dispose()
    opened = open_project(root)
    (image,) = images.all_images(opened)
    (version,) = label_maps.versions(opened, image, "reference")
    assert (image.name, version.id, version.note, version.session) == ("a.png", 7, "kept", None)
