"""Puts a simulated service on a loopback port."""

import sys
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BufferedIOBase
from threading import Thread

from syncd import clock
from syncd.sandbox.http import Request, Response, Service


@dataclass(frozen=True, kw_only=True)
class RunningServer:
    """A service that answers until it is closed."""

    url: str
    server: ThreadingHTTPServer
    thread: Thread

    def close(self) -> None:
        """Stop answering and free the port."""
        self.server.shutdown()
        self.server.server_close()
        self.thread.join(timeout=5)


class _Server(ThreadingHTTPServer):
    def handle_error(self, request: object, client_address: object) -> None:
        """A client that went away is no fault of the service."""
        if not isinstance(sys.exc_info()[1], ConnectionError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


def serve(service: Service, port: int = 0) -> RunningServer:
    """Serve on 127.0.0.1; port 0 takes a free one."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Without this every keep-alive answer waits 40 ms for an acknowledgement.
        disable_nagle_algorithm = True

        def _serve(self) -> None:
            path, _, query = self.path.partition("?")
            request = Request(
                method=self.command,
                path=path,
                query=query,
                headers={k.lower(): v for k, v in self.headers.items()},
                body=_body(self.headers, self.rfile),
            )
            try:
                _send(self, service.handle(request))
            except ConnectionError:
                # The caller's time limit was shorter than the answer took.
                self.close_connection = True

        do_GET = do_POST = do_PATCH = do_PUT = do_DELETE = _serve  # noqa: N815

        def log_message(self, *_: object) -> None:
            """The request log is ours."""

    server = _Server(("127.0.0.1", port), Handler)
    server.daemon_threads = True
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.daemon = True
    thread.start()
    return RunningServer(
        url=f"http://127.0.0.1:{server.server_port}", server=server, thread=thread
    )


def _body(headers: Message, stream: BufferedIOBase) -> bytes:
    """A request's body, of known length or in chunks."""
    if "chunked" not in headers.get("Transfer-Encoding", ""):
        return stream.read(int(headers.get("Content-Length") or 0))
    body = b""
    while size := int(stream.readline().partition(b";")[0], 16):
        body += stream.read(size)
        stream.readline()
    while stream.readline().strip():
        pass  # trailers
    return body


def _send(handler: BaseHTTPRequestHandler, response: Response) -> None:
    if response.delay_s:
        clock.sleep_s(response.delay_s)
    if response.drop:
        handler.close_connection = True
        return
    handler.send_response_only(response.status)
    for name, value in response.headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(response.body)))
    handler.end_headers()
    handler.wfile.write(response.body[: response.truncate])
    if response.truncate is not None:
        handler.close_connection = True
