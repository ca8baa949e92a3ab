# SPDX-License-Identifier: MIT
"""Input that nobody means well with: what is quoted in messages does not reach the terminal as something that it obeys, and nothing hangs."""
import subprocess

import pytest

from programs import DEADLINE, find_binary

pytestmark = pytest.mark.own

# ESC, the CSI of eight bits alone and in UTF-8, characters that turn the line round or hide, UTF-8 that is none, and a letter that is fine.
EVIL = [b"\x1b[2J", b"\x9b31m", "\u009b31m".encode(), "\u202e".encode(), "\u2066".encode(), "\u200b".encode(), b"\xc0\x9b", b"\xe0\x82\x9b", b"\xff", b"\xe2\x80", b"\x7f"]


def spoken(*words, given=b""):
    """Standard output and standard error, as octets."""
    done = subprocess.run([find_binary(), *words], input=given, capture_output=True, timeout=DEADLINE)
    assert done.returncode in (0, 1, 2, 3), done
    return done.stdout + done.stderr


def tame(octets):
    text = octets.decode()  # UTF-8, whatever was quoted
    for c in text:
        assert c == "\n" or (c >= " " and not 127 <= ord(c) < 0xA0), (hex(ord(c)), text)
        assert c not in "\u200b\u200e\u202e\u2066\u2028\ufeff", (hex(ord(c)), text)
    return text


@pytest.mark.parametrize("evil", EVIL, ids=lambda e: e.hex())
@pytest.mark.parametrize("words", [["oe", "lookup", "--file", "-", "--server", "127.0.0.1:9"], ["oe", "parse"], ["oe", "parse", "--form", "text"],
                                   ["oe", "decide", "--zone", "-", "--destination", "192.0.2.66"]],
                         ids=lambda w: "-".join(w[:3]))
def test_quoted_input_is_tame(words, evil):
    for line in (b"a" + evil + b"b", b'x%sy IN TXT "X-IPsec-Server(10)=@a%sb.example AQ=="' % (evil, evil),
                 b"$ORIGIN a" + evil + b"."):
        tame(spoken(*words, given=line + b"\n"))


@pytest.mark.parametrize("evil", EVIL, ids=lambda e: e.hex())
def test_quoted_arguments_are_tame(evil):
    for words in (["oe", "lookup", "--server", "127.0.0.1:9", b"a" + evil], ["oe", "decide", "--class-of", evil + b"=deny"], ["replay", "--gateway", b"192.1.1.4", b"/nowhere/" + evil],
                  ["oe", "decide", "--zone", b"/nowhere/" + evil, "--destination", "192.0.2.66"]):
        tame(spoken(*words))


def test_letters_of_all_languages_are_quoted():
    assert "größe日本😀" in tame(spoken("oe", "decide", "--zone", "/nowhere/größe日本😀".encode(), "--destination", "192.0.2.66"))


# --- adapters that mean no good --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["oe-parser", "oe-gateway"])
@pytest.mark.parametrize("line", ['{"id":"zz","status":"malformed"}', '{"id":"zz","status":"ready"}', "", "x"], ids=["malformed", "ready", "empty", "x"])
def test_endless_answers_end(role, line):
    """It never reads, and says the same for ever: each question is waited for just so long, whatever else comes meanwhile."""
    done = subprocess.run([find_binary(), "check", role, "--exec", f"exec yes '{line}'", "--timeout", "0.3", "--case", "oe/sanity"], capture_output=True, timeout=4 * DEADLINE,
                          stdin=subprocess.DEVNULL)
    assert done.returncode in (1, 3), done


# --- answers with more in them than anybody needs ----------------------------------------------------------------------------------


def zone_of(texts):
    return "".join(f'66.2.0.192.in-addr.arpa. 300 IN TXT "{t}"\n' for t in texts).encode()


@pytest.mark.parametrize("texts", [["x"] * 4000 + ["X-IPsec-Server(1)=192.1.1.9"], ["X-IPsec-Server(10)=192.1.%d.%d" % (2 + i // 250, 1 + i % 250) for i in range(1500)] + ["X-IPsec-Server(1)=192.1.1.9"]],
                         ids=["foreign", "weaker"])
def test_the_strongest_record_counts_wherever_it_stands(texts):
    """As many records as a DNS message can hold hide none that is stronger."""
    said = tame(spoken("oe", "decide", "--dialect", "rfc", "--class", "paranoid", "--zone", "-", "--destination", "192.0.2.66", given=zone_of(texts)))
    first = [line for line in said.splitlines() if "the record has no key" in line][0]
    assert "192.1.1.9" in first, said
