"""What every test module relies on."""

from __future__ import annotations

import signal

import pytest


@pytest.fixture(scope="session", autouse=True)
def one_thread():
    """Small tensors on several threads spend their time waiting for one another."""
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def interrupts():
    """A run in the background of a shell ignores interrupts, and so would every child."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture
def formulas(monkeypatch):
    """Formulas alone, for tests of their bits; test_native.py holds the kernels to the truth."""
    from nonlin.backends import native

    monkeypatch.setattr(native, "find", lambda record, dtype: None)
