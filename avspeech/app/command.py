"""`avspeech app`. Imports what it needs when it is run."""

from __future__ import annotations

import argparse
import ipaddress
import signal
import socket
import sys
from typing import Any

from avspeech.core import commands as subcommands
from avspeech.errors import InputError


def add(commands: argparse._SubParsersAction) -> None:
    """Adds the command to a parser's commands."""
    text = "a page on this machine: extract, speak, and emotions, in a browser"
    command = subcommands.add(commands, "app", _run, text)
    command.add_argument("--host", default="127.0.0.1", metavar="ADDRESS",
                         help="where to listen (default: %(default)s, this machine alone)")
    command.add_argument("--port", type=int, default=8765, metavar="N",
                         help="0: any that is free (default: %(default)s)")
    command.add_argument("--name", action="append", default=[], metavar="NAME",
                         help="a name under which the page is opened, besides localhost and "
                         "addresses; may be given several times")
    command.add_argument("--megabytes", type=int, default=500, metavar="N",
                         help="of a file at most (default: %(default)s)")
    command.add_argument("--minutes", type=float, default=15.0, metavar="N",
                         help="of a sound or a video at most (default: %(default)g)")
    command.add_argument("--open", action="store_true", help="open the page in a browser")


def _run(args: argparse.Namespace) -> None:
    for option, right, expected in (("port", 0 <= args.port <= 65535, "0 to 65535"),
                                    ("megabytes", args.megabytes >= 1, "1 or more"),
                                    ("minutes", args.minutes > 0, "more than 0")):
        if not right:
            raise InputError(f"--{option} {getattr(args, option)}: expected {expected}")
    try:
        import uvicorn

        from avspeech.app.server import Server
    except ImportError as error:
        raise InputError(f"{error.name} is not installed; pip install 'avspeech[app]'") from None
    from avspeech.app.folders import work_folder
    from avspeech.app.limits import Limits

    listening = _listen(args.host, args.port)
    everywhere = not _is_loopback(listening.getsockname()[0])
    names = frozenset(name.lower() for name in args.name)
    with listening, work_folder() as folder:
        limits = Limits(megabytes=args.megabytes, minutes=args.minutes)
        server = Server(folder, limits, names, everywhere)
        config = uvicorn.Config(server.app, log_level="warning", access_log=False, ws="none",
                                server_header=False, lifespan="on", timeout_graceful_shutdown=2,
                                proxy_headers=False)
        web = uvicorn.Server(config)
        # A signal only asks the server to end, at whatever moment it comes (before uvicorn
        # listens for it, too, and when uvicorn raises it again): an exception raised in the
        # middle of a start could leave a half-started event loop behind.
        asked: list[int] = []

        def leave(number: int, frame: Any) -> None:
            asked.append(number)
            web.should_exit = True

        for name in (signal.SIGHUP, signal.SIGTERM):
            signal.signal(name, leave)
        _say(listening, everywhere, args.open)
        try:
            web.run(sockets=[listening])
        finally:
            server.close()
    if asked:
        raise SystemExit(128 + asked[-1])


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM,
                                   flags=socket.AI_PASSIVE)[0]
        listening = socket.socket(found[0], socket.SOCK_STREAM)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(found[4])
        listening.listen()
    except OSError as error:
        raise InputError(f"{host}, port {port}: cannot listen there ({error.strerror}); give "
                         "another --host or --port (0: any that is free)") from None
    return listening


def _is_loopback(address: str) -> bool:
    return ipaddress.ip_address(address.partition("%")[0]).is_loopback


def _say(listening: socket.socket, everywhere: bool, browser: bool) -> None:
    address, port = listening.getsockname()[:2]
    host = f"[{address}]" if ":" in address else address
    if address in ("0.0.0.0", "::"):
        host = "localhost"
    if everywhere:
        print(f"avspeech: warning: listening on {address}, not on this machine alone: everybody "
              "who reaches this address can use this machine's models and time, there is no "
              "password, and what is sent is not encrypted", file=sys.stderr, flush=True)
    page = f"http://{host}:{port}/"
    print(f"{page}  (Ctrl+C ends it and removes all files that it was given)")
    sys.stdout.flush()
    if browser:
        import webbrowser

        webbrowser.open(page)
