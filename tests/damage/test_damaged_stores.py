"""A SQLite store that is damaged, cut off, empty, foreign, or may not be written to."""

import os
import random
import shutil
import sqlite3
from datetime import timedelta
from pathlib import Path

import pytest

from syncd.errors import StoreError
from syncd.store import open_store

_NOISE = random.Random(7)


def settle(path):
    """The file's bytes, with nothing left in its write-ahead log."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    return path.read_bytes()


def put(path, content):
    """The database is this and nothing else; None = it is away."""
    for one in path.parent.glob(f"{path.name}*"):
        if one.suffix not in {".writer", ".service"}:
            shutil.rmtree(one) if one.is_dir() else one.unlink()
    if content is not None:
        path.write_bytes(content)


def overwritten(content, begin, end, noise=None):
    """The same length, with something else in it."""
    size = end - begin
    return content[:begin] + (noise or _NOISE.randbytes(size))[:size] + content[end:]


DAMAGES = {
    "middle": lambda good: overwritten(good, len(good) // 3, len(good) * 2 // 3),
    "text in the middle": lambda good: overwritten(
        good, len(good) // 3, len(good) * 2 // 3, b"x" * len(good)
    ),
    "magic": lambda good: overwritten(good, 0, 16),
    "header": lambda good: overwritten(good, 16, 4096),
    "half": lambda good: good[: len(good) // 2],
    "one page short": lambda good: good[:-4096],
    "no bytes": lambda _good: b"",
    "two bytes": lambda _good: b"hi",
    "a text file": lambda _good: b"this was never a database\n" * 400,
}


@pytest.fixture(scope="module")
def good(place):
    """The store as it was."""
    return settle(place.store)


@pytest.mark.parametrize("command", ["sync", "apply plan.json"])
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_store_is_named_with_its_remedy(place, good, damage, command):
    """Exit 1, one line with the file and what to do, nothing sent, file untouched."""
    put(place.store, DAMAGES[damage](good))
    writes = place.writes()
    ended = place.run(*command.split())
    assert ended.returncode == 1, ended.stdout
    assert str(place.store) in ended.stderr
    assert "damaged" in ended.stderr or "is empty" in ended.stderr
    assert "restore a backup, or move it away" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert place.writes() == writes


def test_the_remedy_is_one(place, good):
    """Moved away, a full sync makes a new store; the backup works as before.

    Only Outreach must be authorised anew: its rotated token was in the store.
    """
    put(place.store, None)
    place.sandbox.clock.advance(timedelta(minutes=2))  # grants are one a minute
    ended = place.run("sync", "--full", "--json")
    assert ended.returncode == 6, ended.stderr
    assert ended.stdout.count('"complete": true') == 3
    put(place.store, good)
    again = place.run("apply", "plan.json", "--first", "1")
    assert (again.returncode, "1 already" in again.stdout) == (0, True)


def test_what_was_committed_before_the_log_was_cut_is_kept(place, good, tmp_path):
    """A write-ahead log without its end is read as far as it is whole."""
    put(place.store, good)
    connection = sqlite3.connect(place.store)
    for number in range(50):
        row = (f"fact {number}", f'"{number}"')
        connection.execute("INSERT INTO facts VALUES (?, ?)", row)
        connection.commit()
    log = place.store.with_name("syncd.db-wal").read_bytes()
    connection.close()
    put(place.store, good)
    place.store.with_name("syncd.db-wal").write_bytes(log[: len(log) // 2])
    opened = open_store(f"sqlite:///{place.store}", base=tmp_path)
    kept = sum(name.startswith("fact ") for name in opened.mirror.facts())
    opened.close()
    assert 0 < kept < 50
    assert place.run("apply", "plan.json", "--first", "1").returncode == 0


def test_a_store_of_a_newer_version_is_left_alone(place, good):
    """Exit 1, with the version and the remedy; not a byte of it is changed."""
    put(place.store, good)
    connection = sqlite3.connect(place.store)
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    before = settle(place.store)
    ended = place.run("apply", "plan.json")
    assert ended.returncode == 1
    assert "newer version (schema 9999)" in ended.stderr
    assert "upgrade syncd" in ended.stderr
    assert settle(place.store) == before


def test_a_folder_in_its_place_is_told(place):
    """Exit 1; the message says that a file is wanted."""
    put(place.store, None)
    place.store.mkdir()
    ended = place.run("sync")
    put(place.store, None)
    assert (ended.returncode, str(place.store) in ended.stderr) == (1, True)
    assert "check that it is a file" in ended.stderr


def test_a_file_that_may_only_be_read_is_told(place, good):
    """Exit 1 without a traceback, and nothing is sent."""
    put(place.store, good)
    place.store.chmod(0o444)
    writes = place.writes()
    # Root may write everywhere, unless it is taken from it.
    before = ("setpriv", "--bounding-set=-all") if os.geteuid() == 0 else ()
    ended = place.run("apply", "plan.json", before=before)
    place.store.chmod(0o644)
    assert ended.returncode == 1, ended.stdout
    assert "may only be read → let this user write to the file" in ended.stderr
    assert place.writes() == writes


@pytest.mark.parametrize("damage", ["middle", "half", "header", "a text file"])
def test_the_service_says_when_its_engines_own_file_is_damaged(place, good, damage):
    """Exit 1 with that file's name; moved away, the service works again."""
    put(place.store, good)
    engine = place.store.with_name("syncd.db-engine")
    place.serve(engine.exists)
    put(engine, DAMAGES[damage](settle(engine)))
    code, _, told = place.serve(lambda: False)
    assert code == 1, told
    assert f"{engine}: is damaged" in told
    assert "move it away" in told
    assert "Traceback" not in told
    put(engine, None)
    code, _, told = place.serve(lambda: engine.exists() and engine.stat().st_size > 0)
    assert code in {0, -15}, told
    assert "damaged" not in told


def test_an_empty_file_is_a_new_store_where_nothing_was_written(tmp_path: Path):
    """What SQLite itself leaves when it is killed at its first opening."""
    (tmp_path / "s.db").touch()
    opened = open_store(f"sqlite:///{tmp_path}/s.db", base=tmp_path)
    assert opened.mirror.facts() == {}
    opened.close()


def test_damage_that_is_met_while_reading_is_told(place, good, tmp_path):
    """Also in the middle of a run: a StoreError, never the driver's own."""
    put(place.store, good)
    opened = open_store(f"sqlite:///{place.store}", base=tmp_path)
    opened.engine.dispose()
    place.store.write_bytes(DAMAGES["middle"](good))
    with pytest.raises(StoreError, match="is damaged"):
        opened.mirror.live_counts()
    opened.close()
    put(place.store, good)
