"""How long a busy machine may take in a browser: nothing here is about time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext

PATIENCE = 1_200_000.0
"""Milliseconds after which a page is taken for one that will never be there."""


def patient(context: BrowserContext) -> BrowserContext:
    """`context`, in which everything may take that long."""
    from playwright.sync_api import expect

    expect.set_options(timeout=PATIENCE)
    context.set_default_timeout(PATIENCE)
    return context
