"""Finished runs in SQLite: each is committed at once, so that nothing is lost."""

from __future__ import annotations

import contextlib
import json
import math
import os
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import asdict, fields
from pathlib import Path
from typing import Any, Self

from nonlin.comparison.measure import LayerMeasurement
from nonlin.comparison.training import EpochRecord, RunKey, RunResult
from nonlin.errors import NonlinError, require

FILE_NAME = "results.sqlite"
# "nonl" in ASCII: tells our file from any other SQLite database.
_APPLICATION_ID = 0x6E6F6E6C
SCHEMA_VERSION = 1

_SCHEMA = f"""
CREATE TABLE experiment (identity TEXT NOT NULL, created REAL NOT NULL);
CREATE TABLE runs (
    run_id INTEGER PRIMARY KEY,
    activation TEXT NOT NULL,
    phase TEXT NOT NULL,
    seed INTEGER NOT NULL,
    lr REAL NOT NULL,
    status TEXT NOT NULL,
    steps INTEGER NOT NULL,
    seconds REAL NOT NULL,
    seconds_per_step REAL,
    validation_loss REAL,
    validation_metric REAL,
    test_loss REAL,
    test_metric REAL,
    error TEXT NOT NULL,
    finished REAL NOT NULL,
    versions TEXT NOT NULL,
    UNIQUE (activation, phase, seed, lr)
);
CREATE TABLE epochs (
    run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    train_loss REAL,
    validation_loss REAL,
    validation_metric REAL
);
CREATE TABLE layers (
    run_id INTEGER NOT NULL REFERENCES runs ON DELETE CASCADE,
    epoch INTEGER NOT NULL,
    layer INTEGER NOT NULL,
    name TEXT NOT NULL,
    gradient_rms REAL,
    activation_mean REAL,
    activation_std REAL,
    blocked REAL
);
PRAGMA application_id = {_APPLICATION_ID};
PRAGMA user_version = {SCHEMA_VERSION};
"""

_RUN_COLUMNS = [
    *(item.name for item in fields(RunKey)),
    *(item.name for item in fields(RunResult) if item.name not in ("key", "epochs", "layers")),
    "finished",
    "versions",
]
_EPOCH_COLUMNS = ["run_id", *(item.name for item in fields(EpochRecord))]
_LAYER_COLUMNS = ["run_id", "epoch", *(item.name for item in fields(LayerMeasurement))]


class Store:
    """The results folder of one comparison.

    Args:
        folder: created if need be.
        identity: settings that all runs share; None opens an existing folder for reading.

    Raises:
        NonlinError: the folder belongs to other settings, to a newer version, to another
            process, is corrupt, or cannot be written.
    """

    def __init__(self, folder: Path, identity: dict[str, Any] | None = None) -> None:
        self.path = folder / FILE_NAME
        self.folder = folder
        self._lock = None
        if identity is None and not self.path.is_file():
            raise NonlinError(f"{folder}: no {FILE_NAME} here; give a folder made by --out")
        try:
            if identity is not None:
                folder.mkdir(parents=True, exist_ok=True)
                self._take_lock()
            with self._plainly():
                self._database = sqlite3.connect(self.path, timeout=2)
                self._open(identity)
        except (NonlinError, OSError) as error:
            self.close()
            if isinstance(error, NonlinError):
                raise
            raise NonlinError(
                f"--out {folder}: {error.strerror or error}; choose a folder that can be written"
            ) from None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let other processes have the folder."""
        if database := getattr(self, "_database", None):
            database.close()
        if self._lock is not None:
            self._lock.release()

    def add(self, result: RunResult, versions: dict[str, str]) -> None:
        """Commit one run, all or nothing; a failed run of the same key is replaced."""
        key, run = result.key, asdict(result)
        values = {**asdict(key), **run, "finished": time.time(), "versions": json.dumps(versions)}
        with self._plainly(), self._database as database:
            database.execute(
                "DELETE FROM runs WHERE activation = ? AND phase = ? AND seed = ? AND lr = ?",
                (key.activation, key.phase, key.seed, key.lr),
            )
            run_id = database.execute(
                _insertion("runs", _RUN_COLUMNS), [_stored(values[name]) for name in _RUN_COLUMNS]
            ).lastrowid
            database.executemany(
                _insertion("epochs", _EPOCH_COLUMNS),
                [(run_id, *map(_stored, asdict(epoch).values())) for epoch in result.epochs],
            )
            database.executemany(
                _insertion("layers", _LAYER_COLUMNS),
                [
                    (run_id, epoch, *map(_stored, asdict(layer).values()))
                    for epoch, layer in result.layers
                ],
            )

    def statuses(self) -> dict[RunKey, str]:
        """The runs that are kept, and how each ended."""
        with self._plainly():
            rows = self._database.execute("SELECT activation, phase, seed, lr, status FROM runs")
            return {RunKey(*key): status for *key, status in rows}

    def table(self, name: str) -> Any:
        """One of the tables ``runs``, ``epochs``, ``layers`` as a DataFrame.

        The latter two carry activation, phase, seed and learning rate of their run.
        """
        pandas = require("pandas", "lab", "reading results")
        query = f"SELECT * FROM {name} ORDER BY run_id"
        if name != "runs":
            query = (
                f"SELECT runs.activation, runs.phase, runs.seed, runs.lr, {name}.* FROM {name} "
                f"JOIN runs USING (run_id) ORDER BY {name}.rowid"
            )
        with self._plainly():
            cursor = self._database.execute(query)
            columns = [column[0] for column in cursor.description]
            return pandas.DataFrame(cursor.fetchall(), columns=columns)

    def identity(self) -> dict[str, Any]:
        """The settings that the runs of this folder share."""
        with self._plainly():
            row = self._database.execute("SELECT identity FROM experiment").fetchone()
        if row is None:
            raise self._corrupt()
        return json.loads(row[0])

    def _take_lock(self) -> None:
        filelock = require("filelock", "lab", "nonlin compare")
        self._lock = filelock.FileLock(self.folder / "lock")
        try:
            self._lock.acquire(timeout=0)
        except filelock.Timeout:
            self._lock = None
            raise NonlinError(
                f"--out {self.folder}: another nonlin compare is writing there; "
                "wait for it or choose another folder"
            ) from None

    def _open(self, identity: dict[str, Any] | None) -> None:
        database = self._database
        database.execute("PRAGMA foreign_keys = ON")
        database.execute("PRAGMA synchronous = FULL")
        (tables,) = database.execute("SELECT count(*) FROM sqlite_master").fetchone()
        if not tables and identity is not None:
            database.execute("BEGIN")
            with database:
                for statement in _SCHEMA.split(";"):
                    database.execute(statement)
                values = (json.dumps(identity, sort_keys=True), time.time())
                database.execute("INSERT INTO experiment VALUES (?, ?)", values)
        self._check_format()
        # Someone may be reading, or copying the file, when a run of an hour is to be kept.
        database.execute("PRAGMA busy_timeout = 60000")
        if identity is not None:
            self._check_identity(identity)

    def _check_format(self) -> None:
        (application,) = self._database.execute("PRAGMA application_id").fetchone()
        (version,) = self._database.execute("PRAGMA user_version").fetchone()
        if application != _APPLICATION_ID:
            raise NonlinError(
                f"{self.path}: an SQLite file that nonlin did not make; choose another --out"
            )
        if version > SCHEMA_VERSION:
            raise NonlinError(
                f"{self.path}: made by a newer version of nonlin (format {version}; this one "
                f"reads up to {SCHEMA_VERSION}); upgrade nonlin or choose another --out"
            )
        (state,) = self._database.execute("PRAGMA quick_check(1)").fetchone()
        if state != "ok":
            raise self._corrupt()

    def _check_identity(self, identity: dict[str, Any]) -> None:
        kept, asked = self.identity(), json.loads(json.dumps(identity))
        changed = [name for name in asked if kept.get(name) != asked[name]]
        if changed:
            name = changed[0]
            more = f" and {len(changed) - 1} more" if len(changed) > 1 else ""
            raise NonlinError(
                f"--out {self.folder}: made by other settings ({name} was {kept.get(name)!r}, "
                f"is {asked[name]!r}{more}); choose another --out or repeat the old settings"
            )

    def _corrupt(self) -> NonlinError:
        return NonlinError(
            f"{self.path}: not a readable SQLite file (corrupt or cut short); nothing was "
            "written over: move it away or choose another --out"
        )

    @contextlib.contextmanager
    def _plainly(self) -> Iterator[None]:
        """Tell SQLite's errors in the user's words."""
        try:
            yield
        except sqlite3.OperationalError as error:
            text = str(error)
            if "locked" in text:
                reason = "locked by another program; close it and run the same command again"
            elif "full" in text:
                reason = (
                    "the disk is full; free some space and run the same command again "
                    "(finished runs are kept)"
                )
            elif "readonly" in text or "unable to open" in text:
                reason = "cannot be written; check its permissions or choose another --out"
            else:
                reason = f"{text}; finished runs are kept, run the same command again"
            raise NonlinError(f"{self.path}: {reason}") from error
        except sqlite3.DatabaseError:
            raise self._corrupt() from None


def _insertion(table: str, columns: list[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"


def _stored(value: Any) -> Any:
    """SQLite has no NaN; a figure that does not exist is NULL."""
    return None if isinstance(value, float) and math.isnan(value) else value


def cannot_write(error: OSError, path: os.PathLike[str] | str) -> NonlinError:
    """The error for a file that could not be written."""
    return NonlinError(f"{path}: {error.strerror or error}; choose a place that can be written")
