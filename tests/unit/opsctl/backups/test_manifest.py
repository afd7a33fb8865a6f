import json
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from opsctl.backups import manifest
from opsctl.backups.manifest import Manifest
from opsctl.databases import Contents, TableContents
from opsctl.errors import Refused

MADE = Manifest(
    id="20261123T120000Z-0001",
    engine="sqlite",
    engine_version="3.46.1",
    tool_version="1.5.7",
    database="app.db",
    environment="development",
    label='설날 전 \u2028 "quoted"',
    started_at=datetime(2026, 11, 23, 12, 0, 0, 123456, tzinfo=UTC),
    seconds=1.25,
    data_file="app.db.zst",
    bytes=10,
    sha256="0" * 64,
    database_bytes=4096,
    contents=Contents({"people": TableContents(3, "abc", "pages-sha256")}, {"people": 3}, "20261123_0800"),
)


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / MADE.id
    made.mkdir()
    (made / manifest.FILE_NAME).write_text(MADE.to_json(), encoding="utf-8")
    return made


def refused(folder):
    with pytest.raises(Refused) as found:
        manifest.read(folder)
    assert found.value.cause == "backup.corrupt"
    return str(found.value)


def test_what_is_written_is_read(folder):
    assert manifest.read(folder) == MADE


def test_any_changed_word_is_noticed(folder):
    file = folder / manifest.FILE_NAME
    file.write_text(file.read_text().replace('"bytes": 10', '"bytes": 11'))

    assert "hash" in refused(folder)


def test_manifest_of_another_backup_is_noticed(folder):
    (folder / manifest.FILE_NAME).write_text(replace(MADE, id="20261123T120000Z-0002").to_json())

    assert "belongs to" in refused(folder)


def test_data_file_elsewhere_is_refused(folder):
    (folder / manifest.FILE_NAME).write_text(replace(MADE, data_file="../../etc/shadow").to_json())

    refused(folder)


@pytest.mark.parametrize(
    "content", ["", "{}", "[]", "null", "{" * 100_000, '{"format": 2}', "\x00", "[" * 5000 + "]" * 5000]
)
def test_what_is_no_manifest_is_refused_without_a_traceback(folder, content):
    (folder / manifest.FILE_NAME).write_text(content)

    refused(folder)


def test_missing_huge_and_linked_manifests_are_refused(folder, tmp_path):
    file = folder / manifest.FILE_NAME
    file.write_bytes(b" " * (manifest.LARGEST_BYTES + 1))
    refused(folder)
    file.unlink()
    refused(folder)
    (tmp_path / "elsewhere").write_text(MADE.to_json())
    file.symlink_to(tmp_path / "elsewhere")
    refused(folder)


def test_values_of_another_kind_are_refused(folder):
    chance = random.Random(7)
    odd = [None, True, -1, 1.5, "x", [], {}, "\ud800", 2**70]
    for _ in range(1000):
        document = json.loads(MADE.to_json())
        del document[manifest.HASH]
        place = document if chance.random() < 0.6 else document["contents"]
        place[chance.choice(list(place))] = chance.choice(odd)
        text = json.dumps(document | {manifest.HASH: manifest._hash_of(document)}, ensure_ascii=False, indent=1) + "\n"
        (folder / manifest.FILE_NAME).write_bytes(text.encode("utf-8", "surrogatepass"))

        cause = cause_of_reading(folder)

        assert cause in (None, "backup.corrupt")


def cause_of_reading(folder):
    try:
        manifest.read(folder)
    except Refused as error:
        return error.cause
    return None
