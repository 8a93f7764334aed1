"""robots.txt is obeyed as RFC 9309 says, whatever the server sends."""

from __future__ import annotations

import asyncio
import gzip
import time

import pytest

from archiver.fetch import Client, Guard, Limits, Robots, RobotsVerdict
from tests.wire import Script, Talk, ok, raw_server

AGENT = "newsvault/0.1 (+https://bot.example/crawler; ops@spider.example)"
PRIVATE = "User-agent: *\nDisallow: /private/\n"


def ask(
    script: Script | bytes, *paths: str, agent: str = AGENT, guard: Guard | None = None, together: bool = False
) -> list[RobotsVerdict]:
    """Serve `script` as robots.txt and ask about `paths`, one after another or together."""

    async def run(urls: list[str]) -> list[RobotsVerdict]:
        client = Client(guard or Guard(allow_private=True), limits=Limits(idle_seconds=0.3))
        robots = Robots(client.fetch, agent)
        try:
            if together:
                return await asyncio.gather(*(robots.verdict(url) for url in urls))
            return [await robots.verdict(url) for url in urls]
        finally:
            await client.close()

    with raw_server(script) as server:
        found = asyncio.run(run([server.url(path) for path in paths or ("/private/page",)]))
        assert all(request.startswith(b"GET /robots.txt ") for request in server.requests[:1])
        return found


def verdict(robots_txt: str | bytes, path: str = "/private/page", agent: str = AGENT) -> bool:
    body = robots_txt.encode() if isinstance(robots_txt, str) else robots_txt
    return ask(ok(body, "Content-Type: text/plain"), path, agent=agent)[0].allowed


def test_a_disallowed_page_is_not_allowed_and_the_reason_says_so() -> None:
    found = ask(ok(PRIVATE.encode()), "/private/page", "/public")
    assert [(one.allowed, one.reason) for one in found] == [
        (False, "disallowed by robots.txt"),
        (True, "allowed by robots.txt"),
    ]


@pytest.mark.parametrize("status", ["404 Not Found", "403 Forbidden", "401 Unauthorized", "410 Gone", "451 x"])
def test_a_client_error_means_there_is_no_robots_txt(status: str) -> None:
    (found,) = ask(ok(b"Disallow: /", status=status))
    assert (found.allowed, found.unreachable) == (True, False)
    assert found.reason == f"no robots.txt (http_{status[:3]})"


@pytest.mark.parametrize("status", ["500 x", "503 x", "429 Too Many Requests", "999 x"])
def test_a_server_error_and_429_mean_that_nothing_is_allowed_for_now(status: str) -> None:
    (found,) = ask(ok(b"", status=status))
    assert (found.allowed, found.unreachable) == (False, True)
    assert found.reason == f"robots.txt unreachable (http_{status[:3]})"


def test_no_answer_means_that_nothing_is_allowed_for_now() -> None:
    (silent,) = ask(Talk.wait_for_close)
    (reset,) = ask(Talk.reset)
    assert (silent.reason, reset.reason) == ("robots.txt unreachable (timeout)", "robots.txt unreachable (reset)")
    assert not silent.allowed
    assert reset.unreachable


def test_a_blocked_address_is_not_asked() -> None:
    (found,) = ask(ok(b""), guard=Guard())
    assert found.reason == "robots.txt unreachable (blocked_address)"


def test_an_incomplete_file_is_not_trusted() -> None:
    (found,) = ask(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\nUser-agent: *\n")
    assert (found.allowed, found.reason) == (False, "robots.txt unreachable (truncated)")


def test_a_web_page_instead_of_a_file_allows_all() -> None:
    (found,) = ask(ok(b"\n<!DOCTYPE html><pre>User-agent: *\nDisallow: /</pre>", "Content-Type: text/html"))
    assert found.allowed


def redirecting(*steps: str) -> Script:
    """Send /robots.txt through `steps` to a file that disallows; each step is a location."""

    def script(talk: Talk) -> None:
        places = dict(zip(["/robots.txt", *steps], steps, strict=False))
        while request := talk.request():
            path = request.split(b" ")[1].decode()
            found = places.get(path)
            talk.send(ok(b"", f"Location: {found}", status="301 Moved") if found else ok(PRIVATE.encode()))

    return script


def test_five_redirects_are_followed() -> None:
    (found,) = ask(redirecting("/1", "/2", "/3", "/4", "/5"))
    assert found.reason == "disallowed by robots.txt"


def test_six_redirects_are_no_file() -> None:
    (found,) = ask(redirecting("/1", "/2", "/3", "/4", "/5", "/6"))
    assert (found.allowed, found.reason) == (True, "no robots.txt (more than 5 redirects)")


def test_redirects_in_a_circle_are_no_file() -> None:
    (found,) = ask(redirecting("/robots.txt"))
    assert (found.allowed, found.reason) == (True, "no robots.txt (redirects in a circle)")


@pytest.mark.parametrize("location", ["http://169.254.169.254/", "file:///etc/passwd", "http://[nonsense/"])
def test_a_redirect_to_where_we_may_not_go_means_that_nothing_is_allowed(location: str) -> None:
    (found,) = ask(redirecting(location))
    assert (found.allowed, found.unreachable) == (False, True)


@pytest.mark.parametrize(
    "text",
    [
        "User-agent: *\nDisallow: /*/page$\n",
        "\ufeffUser-agent: *\nDisallow: /private/\n",
        "USER-AGENT: *\rdisALLOW: /private/ # c\r",
        "User-agent: *\nDisallow: /%70rivate/\n",
        "User-agent: *\nDisallow: /p\nAllow: /p*/other\n",
        "User-agent: *\nAllow: /\n\nUser-agent: NewsVault\nDisallow: /private/\n",
        "User-agent: a\nUser-agent: newsvault\nUser-agent: b\nDisallow: /private/\n",
        "User-agent: *\nDisallow: /private/\n\nUser-agent: somebot\nAllow: /\n",
        "# comment\n" * 1000 + "User-agent: *\nDisallow: /private/\n",
    ],
)
def test_files_that_disallow_the_page(text: str) -> None:
    assert not verdict(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "User-agent: *\nDisallow:\n",
        "User-agent: *\nDisallow: /private/\nAllow: /private/page\n",
        "User-agent: *\nDisallow: /private/page/\n",
        "User-agent: *\nDisallow: /page$\n",
        "Disallow: /private/\n",
        "User-agent: somebot\nUser-agent: otherbot\nDisallow: /\n",
        "User-agent: somebot\nDisallow: /\n\nUser-agent: newsvault\nAllow: /\n",
        "User-agent: *\nDisallow: /\n\nUser-agent: newsvault\nDisallow: /other\n",
    ],
)
def test_files_that_allow_the_page(text: str) -> None:
    assert verdict(text)


@pytest.mark.parametrize("name", ["bot", "crawler", "spider", "example", "vault"])
def test_the_contact_in_our_user_agent_is_not_our_name(name: str) -> None:
    assert verdict(f"User-agent: {name}\nDisallow: /\n")


def test_a_file_in_utf_16_is_read() -> None:
    assert not verdict(PRIVATE.encode("utf-16"))


def test_a_gzip_file_that_does_not_say_so_is_read() -> None:
    assert not verdict(gzip.compress(PRIVATE.encode()))


def test_bytes_that_are_no_text_allow_all() -> None:
    assert verdict(bytes(range(256)) * 50)


def test_a_rule_at_490_kilobytes_counts() -> None:
    assert not verdict("# filler line of a very long file\n" * 14_400 + PRIVATE)


def test_what_lies_beyond_the_limit_is_ignored_and_half_a_line_is_no_rule() -> None:
    start = "User-agent: *\n"
    filler = "#" * (512_000 - len(start) - len("\nDisallow: /pri"))
    (found,) = ask(ok(f"{start}{filler}\nDisallow: /private/other\n".encode() + b"Disallow: /\n" * 100_000))
    assert (found.allowed, found.reason) == (True, "allowed by robots.txt")


def test_a_pattern_of_many_stars_takes_no_time() -> None:
    started = time.process_time()
    assert verdict("User-agent: *\nDisallow: /" + "*a" * 40 + "*b$\n", "/private/" + "a" * 1500)
    assert time.process_time() - started < 10  # backtracking would take longer than the universe is old


def test_ten_thousand_agents_before_twenty_thousand_rules_take_no_memory() -> None:
    text = "".join(f"User-agent: agent{n}\n" for n in range(10_000)) + "".join(
        f"Disallow: /{n}\n" for n in range(20_000)
    )
    assert verdict(text)
    assert not verdict(text.replace("agent5000\n", "newsvault\n"), "/7")


def test_the_crawl_delay_is_that_of_our_group() -> None:
    text = b"User-agent: *\nCrawl-delay: 3\n\nUser-agent: newsvault\nCrawl-delay: 1.5\nDisallow: /x\n"
    assert ask(ok(text))[0].crawl_delay == 1.5
    assert ask(ok(text), agent="another/1")[0].crawl_delay == 3.0
    assert ask(ok(PRIVATE.encode()))[0].crawl_delay is None


def test_sitemaps_are_absolute_web_addresses_each_once() -> None:
    lines = [
        "https://news.example/s.xml",
        "https://news.example/s.xml",
        "file:///etc/passwd",
        "javascript:x",
        "/news.xml",
    ]
    (found,) = ask(ok("".join(f"Sitemap: {line}\n" for line in lines).encode()))
    assert found.sitemaps[0] == "https://news.example/s.xml"
    assert found.sitemaps[1].endswith("/news.xml")
    assert len(found.sitemaps) == 2


def test_an_origin_is_asked_once_by_many_at_the_same_time() -> None:
    asked: list[bytes] = []

    def script(talk: Talk) -> None:
        while request := talk.request():
            asked.append(request)
            talk.send(ok(PRIVATE.encode()))

    found = ask(script, *(f"/private/{n}" for n in range(20)), together=True)
    assert not any(one.allowed for one in found)
    assert len(asked) == 1


@pytest.mark.parametrize(("status", "seconds"), [("200 OK", 24 * 3600), ("404 x", 24 * 3600), ("503 x", 300)])
def test_an_answer_is_remembered_for_its_time(status: str, seconds: int) -> None:
    now = [0.0]

    async def run(url: str) -> list[int]:
        client = Client(Guard(allow_private=True))
        robots = Robots(client.fetch, AGENT, clock=lambda: now[0])
        counts = []
        for at in (0, seconds - 1, seconds + 1):
            now[0] = float(at)
            await robots.verdict(url)
            counts.append(len(server.requests))
        await client.close()
        return counts

    with raw_server(ok(PRIVATE.encode(), status=status)) as server:
        assert asyncio.run(run(server.url("/page"))) == [1, 1, 2]


def test_an_impatient_caller_does_not_spoil_it_for_the_others() -> None:
    def script(talk: Talk) -> None:
        talk.request()
        time.sleep(0.1)
        talk.send(ok(PRIVATE.encode()))

    async def run(url: str) -> RobotsVerdict:
        client = Client(Guard(allow_private=True))
        robots = Robots(client.fetch, AGENT)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(robots.verdict(url), 0.01)
        found = await robots.verdict(url)
        await client.close()
        return found

    with raw_server(script) as server:
        assert asyncio.run(run(server.url("/private/"))).reason == "disallowed by robots.txt"
    assert len(server.requests) == 1


def test_our_name_is_sent() -> None:
    with raw_server(ok(b"")) as server:

        async def run() -> None:
            client = Client(Guard(allow_private=True))
            await Robots(client.fetch, AGENT).verdict(server.url())
            await client.close()

        asyncio.run(run())
    assert f"User-Agent: {AGENT}".encode() in server.requests[0]


SAID = """
User-agent: GPTBot
User-agent: CCBot
Disallow: /

User-agent: ordinarybot
Disallow: /
Content-Signal: ai-train=yes

User-agent: *
Content-Signal: search=yes, ai-train=no   # contentsignals.org
Disallow: /private/
"""


OURS = "User-agent: *\nDisallow: /\nUser-Agent: NewsVault\nDisallow: /b\n"
SIGNAL = ("content-signal", "search=yes, ai-train=no", "*")


@pytest.mark.parametrize(
    ("text", "path", "facts"),
    [
        (SAID, "/a", [("robots", "allow", "*"), SIGNAL, ("ai_opt_out", "ccbot, gptbot", None)]),
        (OURS, "/a", [("robots", "allow", "newsvault")]),
        (OURS, "/b", [("robots", "disallow", "newsvault")]),
        ("User-agent: vault\nDisallow: /\n", "/a", []),
        ("Disallow: /\n", "/a", []),
    ],
)
def test_what_is_said_is_a_fact_with_whom_it_was_said_to(text: str, path: str, facts: list[object]) -> None:
    (found,) = ask(ok(text.encode()), path)
    assert [(right.name, right.value, right.to) for right in found.rights] == facts
    assert {right.where for right in found.rights} <= {"robots.txt"}


def test_what_is_no_url_is_not_allowed() -> None:
    async def run() -> RobotsVerdict:
        client = Client(Guard())
        found = await Robots(client.fetch, AGENT).verdict("http://[::1")
        await client.close()
        return found

    assert asyncio.run(run()) == RobotsVerdict(False, "not a URL")
