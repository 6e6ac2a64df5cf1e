"""A server of the page in this process, with its own process for the work."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

sys.path.append(str(Path(__file__).parent))  # for `given` and `visiting`

if TYPE_CHECKING:
    from visiting import Visitor

    from avspeech.app.server import Server


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    from avspeech.app.limits import Limits
    from avspeech.app.server import Server

    made = Server(tmp_path_factory.mktemp("app"), Limits(megabytes=2, minutes=1.0))
    yield made
    made.close()


@pytest.fixture
def visitor(server: Server) -> Iterator[Visitor]:
    from starlette.testclient import TestClient
    from visiting import HOST, Visitor

    visitor = Visitor(server, TestClient(server.app, base_url=HOST))
    yield visitor
    visitor.ask("POST", "/api/leave")
    assert visitor.name not in server.pages
