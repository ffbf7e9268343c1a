"""CSV and Parquet files, read strictly."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from nonlin.errors import NonlinError, require

if TYPE_CHECKING:
    import pandas as pd


def read_table(file: str, name: str) -> pd.DataFrame:
    """Read a CSV or Parquet file, and refuse what pandas would mend in silence.

    Args:
        file: path that ends in ``.csv`` (commas, UTF-8, one header row) or ``.parquet``.
        name: the data as the user named them; begins every message.

    Returns:
        The table, with strings for column names.

    Raises:
        NonlinError: there is no such file, or it is not a table of that kind.
    """
    path = Path(file).expanduser()
    suffix = path.suffix.lower()
    if suffix not in (".csv", ".parquet"):
        raise NonlinError(
            f"--data {name!r}: cannot read {suffix or 'a file without extension'!r}; "
            "allowed: .csv, .parquet"
        )
    if not path.is_file():
        what = "is a directory" if path.is_dir() else "no such file"
        raise NonlinError(f"--data {name!r}: {what}; check the path")
    pandas = require("pandas", "lab", f"--data {name!r}")
    if suffix == ".parquet":
        require("pyarrow", "lab", f"--data {name!r}")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", pandas.errors.ParserWarning)
            frame = (
                # Without index_col=False, rows longer than the header shift all columns by one.
                pandas.read_csv(path, index_col=False, low_memory=False)
                if suffix == ".csv"
                else pandas.read_parquet(path)
            )
    except pandas.errors.EmptyDataError:
        raise NonlinError(f"--data {name!r}: the file is empty") from None
    except UnicodeDecodeError:
        raise NonlinError(f"--data {name!r}: not UTF-8 text; save it as UTF-8") from None
    except pandas.errors.ParserWarning:
        raise NonlinError(
            f"--data {name!r}: rows have more values than the header has names; mend the header"
        ) from None
    except (ValueError, OSError) as error:
        reason = " ".join(str(error).split())
        raise NonlinError(
            f"--data {name!r}: not a readable {suffix} table: {reason.rstrip('.')}; mend the file"
        ) from None
    frame.columns = frame.columns.astype(str)
    return frame
