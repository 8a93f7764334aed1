"""A loopback server of raw bytes, one script per connection. In: a script. Out: a URL, what was asked. Never: HTTP."""

from __future__ import annotations

import contextlib
import datetime
import ipaddress
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


class Talk:
    """One connection, seen from the server."""

    def __init__(self, server: RawServer, sock: socket.socket) -> None:
        self._server, self._sock = server, sock

    def request(self) -> bytes:
        """Read a request's head and note it; empty when the client has closed."""
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            data = self._sock.recv(1)
            if not data:
                return b""
            head += data
        self._server.requests.append(head)
        return head

    def send(self, *pieces: bytes) -> None:
        """Send pieces, each in a packet of its own as far as TCP lets us."""
        for piece in pieces:
            self._sock.sendall(piece)

    def reset(self) -> None:
        """Close with RST."""
        self._sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._sock.close()

    def wait_for_close(self) -> None:
        """Say nothing until the client closes, or the server ends."""
        while self._sock.recv(65536):
            pass


Script = Callable[[Talk], None]


def answer(*payloads: bytes, close: bool = True) -> Script:
    """Make a script that answers the requests of a connection with `payloads`, one after another, and then closes."""

    def script(talk: Talk) -> None:
        for payload in payloads:
            if not talk.request():
                return
            talk.send(payload)
        if not close:
            talk.wait_for_close()

    return script


def ok(body: bytes, *headers: str, status: str = "200 OK") -> bytes:
    """Make a well-formed answer with Content-Length."""
    lines = [f"HTTP/1.1 {status}", *headers, f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


class RawServer:
    """Runs `script` in a thread for each connection. `requests` are the heads seen, `connections` how many came."""

    def __init__(self, script: Script, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None) -> None:
        self._script, self._tls = script, tls
        self._listener = socket.create_server((host, 0))
        self.host, self.port = self._listener.getsockname()[:2]
        self.place = f"{self.host}:{self.port}"
        self.requests: list[bytes] = []
        self.connections = 0
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []
        self._start(self._accept)

    def url(self, path: str = "/", host: str | None = None) -> str:
        """Return the URL of `path` here, under another name if given."""
        return f"{'https' if self._tls else 'http'}://{host or self.host}:{self.port}{path}"

    def stop(self) -> None:
        """Close everything and wait for the threads."""
        for sock in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(10)
        self._listener.close()

    def _start(self, work: Callable[..., None], *arguments: object) -> None:
        self._threads.append(threading.Thread(target=work, args=arguments, daemon=True))
        self._threads[-1].start()

    def _accept(self) -> None:
        while True:
            try:
                sock, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(sock)
            self._start(self._talk, sock)

    def _talk(self, raw: socket.socket) -> None:
        sock = raw
        with contextlib.suppress(OSError):
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            if self._tls is not None:
                sock = self._tls.wrap_socket(raw, server_side=True)
            self._script(Talk(self, sock))
        sock.close()
        raw.close()


@contextlib.contextmanager
def raw_server(
    script: Script | bytes, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> Iterator[RawServer]:
    """Serve `script`, or the same bytes to every first request, on a free port."""
    server = RawServer(answer(script) if isinstance(script, bytes) else script, host=host, tls=tls)
    try:
        yield server
    finally:
        server.stop()


def certificate(folder: Path, *names: str) -> tuple[ssl.SSLContext, str, x509.Certificate]:
    """Make a self-signed certificate for `names`. Return a server context, its PEM file and the certificate."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "news.example")])
    today = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(today)
        .not_valid_after(today.replace(year=2090))
        .add_extension(x509.SubjectAlternativeName([_name(name) for name in names]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem, key_file = folder / "certificate.pem", folder / "key.pem"
    pem.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    plain = serialization.NoEncryption()
    key_file.write_bytes(
        key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, plain)
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pem, key_file)
    return context, str(pem), made


def _name(text: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(text))
    except ValueError:
        return x509.DNSName(text)
