"""A node that somebody else has taken over: one process that answers every request in a hostile way.

The first part of a request's path says which way; so one server plays them all, in plain HTTP as a node and
behind TLS as an agent. `python -m tests.bot.nodes.hostile_node AGENT_PEM` prints its two ports.
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import ssl
import sys
from collections.abc import Awaitable, Callable

Write = Callable[[bytes], Awaitable[None]]
Way = Callable[[Write], Awaitable[None]]

WAYS: dict[str, Way] = {}
TEXT = b"Content-Type: text/plain\r\n"


def way(answer: Way) -> Way:
    """Take a function into `WAYS` under its name."""
    WAYS[answer.__name__] = answer
    return answer


def whole(body: bytes, *headers: bytes) -> bytes:
    """An answer with the length of its body."""
    head = b"HTTP/1.1 200 OK\r\n" + TEXT + b"".join(header + b"\r\n" for header in headers)
    return head + b"Content-Length: %d\r\n\r\n" % len(body) + body


GOOD = b'tensor_chain_raft_state{state="leader"} 1\ntensor_chain_term 4\n'
BOMB = gzip.compress(b"#" * (1 << 30), 1)


@way
async def gzip_bomb(write: Write) -> None:
    await write(whole(BOMB, b"Content-Encoding: gzip"))


@way
async def gzip_bomb_twice(write: Write) -> None:
    await write(whole(gzip.compress(BOMB), b"Content-Encoding: gzip, gzip"))


def megabytes(line: Callable[[int], bytes], size: int = 3_990_000) -> bytes:
    lines, total, number = [], 0, 0
    while total < size:
        lines.append(line(number))
        total += len(lines[-1])
        number += 1
    return b"".join(lines)


@way
async def four_megabytes_of_valid_text(write: Write) -> None:
    await write(whole(megabytes(lambda n: b'tensor_chain_term{a="%d"} 1\n' % n)))


@way
async def just_below_the_limit(write: Write) -> None:
    await write(whole(megabytes(lambda n: b'tensor_chain_term{a="%d"} 1\n' % n, 505_000)))


@way
async def a_million_label_sets(write: Write) -> None:
    await write(whole(megabytes(lambda n: b'tensor_chain_gossip_failed{peer="%d"} 1\n' % n, 40_000_000)))


@way
async def a_million_empty_lines(write: Write) -> None:
    await write(whole(b"\n" * 505_000))


@way
async def lines_of_a_thousand_labels(write: Write) -> None:
    labels = b",".join(b'l%d="%d"' % (n, n) for n in range(1000))
    await write(whole(megabytes(lambda _: b"tensor_chain_term{" + labels + b"} 1\n", 505_000)))


@way
async def one_endless_line(write: Write) -> None:
    await write(whole(b'tensor_chain_term{a="' + b'\\"' * 250_000 + b'"} 1\n'))


@way
async def just_fewer_samples_than_are_too_many(write: Write) -> None:
    line = b'tensor_chain_term{a="' + b'\\"' * 480 + b'"} 1\n'
    await write(whole(line * 60))


@way
async def endless_headers(write: Write) -> None:
    await write(b"HTTP/1.1 200 OK\r\n")
    number = 0
    while True:
        await write(b"".join(b"X-%d: %s\r\n" % (number + n, b"y" * 1000) for n in range(100)))
        number += 100


@way
async def one_endless_header(write: Write) -> None:
    await write(b"HTTP/1.1 200 OK\r\nX: ")
    while True:
        await write(b"y" * 65_536)


@way
async def cookies(write: Write) -> None:
    await write(whole(GOOD, *(b"Set-Cookie: c%d=%s" % (n, b"y" * 3000) for n in range(100))))


@way
async def interim_answers_for_ever(write: Write) -> None:
    while True:
        await write(b"HTTP/1.1 103 Early Hints\r\n\r\n" * 2000)


@way
async def chunked_for_ever(write: Write) -> None:
    await write(b"HTTP/1.1 200 OK\r\n" + TEXT + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await write(b"1000\r\n" + b"#" * 4096 + b"\r\n")


@way
async def chunks_of_one_byte(write: Write) -> None:
    await write(b"HTTP/1.1 200 OK\r\n" + TEXT + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await write(b"1\r\n#\r\n" * 10_000)


@way
async def chunks_with_extensions(write: Write) -> None:
    await write(b"HTTP/1.1 200 OK\r\n" + TEXT + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        await write(b"1;" + b"x" * 65_536 + b"\r\n#\r\n")


@way
async def a_slow_drip(write: Write) -> None:
    await write(b"HTTP/1.1 200 OK\r\n" + TEXT + b"Content-Length: 900000\r\n\r\n")
    while True:
        await write(b"#")
        await asyncio.sleep(0.02)


@way
async def redirects(write: Write) -> None:
    where = b"Location: /redirects/metrics\r\nContent-Length: 0\r\n\r\n"
    await write(b"HTTP/1.1 307 Temporary Redirect\r\n" + where)


@way
async def numbers_beyond_numbers(write: Write) -> None:
    lines = [b"tensor_chain_%s %s" % (name, value) for name, value in NUMBERS]
    await write(whole(b"\n".join(lines) + b"\n"))


NUMBERS = (
    (b"raft_state", b"NaN"),
    (b"term", b"1e309"),
    (b"commit_index", b"-Inf"),
    (b"applied_index", b"1e300"),
    (b"elections_total", b"9" * 900),
)


@way
async def deep_json(write: Write) -> None:
    await write(whole(b'{"status":' + b"[" * 400_000))


@way
async def wide_json(write: Write) -> None:
    await write(whole(b"{" + b",".join(b'"k%d":{}' % n for n in range(300_000)) + b"}"))


@way
async def json_of_duplicate_keys(write: Write) -> None:
    await write(whole(b'{"status":"ok"' + b',"term":1' * 100_000 + b"}"))


@way
async def another_charset(write: Write) -> None:
    body = b"a-" + b"99999999" * 100_000
    await write(
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=punycode\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body) + body
    )


async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Answer on one connection until it is closed."""

    async def write(data: bytes) -> None:
        writer.write(data)
        await writer.drain()

    with contextlib.suppress(OSError, EOFError, asyncio.LimitOverrunError):
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            await WAYS[head.split()[1].split("/")[1]](write)
            if "POST" in head.split(" ", 1)[0]:
                break
    writer.close()


async def main(agent_pem: str) -> None:
    """Serve until stdin ends."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(agent_pem)
    servers = [await asyncio.start_server(talk, "127.0.0.1", 0, ssl=each) for each in (None, context)]
    print(*(server.sockets[0].getsockname()[1] for server in servers), flush=True)
    await asyncio.to_thread(sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
