"""Foreign text is harmless once it was made fit, and still reads as what it was."""

import errno
import json
import re
import socket
import unicodedata

from hypothesis import given, strategies as st
import pytest

from custom_components.mkr1000_ota.arduino_ota.text import escape_markdown, fit_to_show, fit_to_store, words_of

# All of Unicode, lone surrogates included, and more often what is dangerous.
ANYTHING = st.text(
    st.characters() | st.sampled_from("\ud800\u202e\u200b\u200d\ufe0f\U000e0041\0\r\n\u2028\x85\x1b e\u0301")
)


@pytest.mark.parametrize(
    ("foreign", "stored", "shown"),
    [
        ("Gewächshaus 温室", "Gewächshaus 温室", "Gewächshaus 温室"),
        ("two\r\nlines\rand\u2028more", "two\nlines\nand\nmore", "two lines and more"),
        ("\ud800", "\ufffd", "\ufffd"),
        ("gar\u202enib.ned", "garnib.ned", "garnib.ned"),
        ("in\u200bvi\u2060si\ufeffble\U000e0041\u3164", "invisible", "invisible"),
        ("in\U00016fe4visi\U0001d159ble", "invisible", "invisible"),
        ("\x1b[31mred\0\x07", "[31mred", "[31mred"),
        ("  a \t b  ", "a \t b", "a b"),
        ("x" * 31, "x" * 19 + "…", "x" * 19 + "…"),
        ("x" * 18 + "e\u0301" + "y" * 9, "x" * 18 + "…", "x" * 18 + "…"),
        ("\u0301" * 31, "\u0301" * 19 + "…", "\u0301" * 19 + "…"),
        ("\u200b" * 100_000, "", ""),
    ],
)
def test_what_becomes_of_foreign_text(foreign: str, stored: str, shown: str) -> None:
    assert (fit_to_store(foreign, 20), fit_to_show(foreign, 20)) == (stored, shown)


@given(ANYTHING, st.integers(1, 40))
def test_whatever_it_was_it_is_harmless_now(foreign: str, limit: int) -> None:
    for fit in (fit_to_store, fit_to_show):
        text = fit(foreign, limit)
        assert len(text) <= limit
        assert json.loads(json.dumps(text, ensure_ascii=False).encode()) == text
        categories = {unicodedata.category(character) for character in text.replace("\n", "").replace("\t", "")}
        assert not categories & {"Cc", "Cf", "Cs", "Zl", "Zp"}
        assert fit(text, limit) == text
    assert len(fit_to_show(foreign, limit).splitlines()) <= 1


@given(st.text(st.characters(categories=["L", "N", "P"]), max_size=20))
def test_what_is_fit_already_stays(text: str) -> None:
    visible = re.sub(r"[\u115f\u1160\u3164\uffa0]", "", text)
    assert fit_to_show(visible, 20) == visible


@pytest.mark.parametrize(
    ("name", "markdown"),
    [
        ("Garden", "Garden"),
        ("garden_bed-1.2.3+rc.bin", "garden_bed-1.2.3+rc.bin"),
        ("Bed (south)!", "Bed (south)!"),
        ("![x](http://e.com/x.png)", r"!\[x\](http\://e.com/x.png)"),
        ("<img src=x onerror=y>", r"\<img src=x onerror=y>"),
        ("<http://e.com>", r"\<http\://e.com>"),
        ("see WWW.e.com", r"see WWW\.e.com"),
        ("ftp://e.com or me@e.com", r"ftp\://e.com or me\@e.com"),
        ("# Garden", r"\# Garden"),
        ("> Garden", r"\> Garden"),
        ("- Garden", r"\- Garden"),
        ("123456789. Garden", r"123456789\. Garden"),
        ("1)", r"1\)"),
        ("1.2.3", "1.2.3"),
        ("two\nlines", "two lines"),
        ("*a* __b__ ~~c~~ `d` |e|", r"\*a\* \_\_b\_\_ \~\~c\~\~ \`d\` \|e\|"),
        ("Q&A, &lt; and &#x202e;", r"Q\&A, \&lt; and \&#x202e;"),
        ("back\\slash", r"back\\slash"),
    ],
)
def test_a_name_is_no_markdown(name: str, markdown: str) -> None:
    assert escape_markdown(name) == markdown


MARKDOWN = st.lists(
    st.sampled_from(
        ["![", "](", ")", "<", ">", "http", "://", "www", ".", "@", "e.com", "#", "-", "1.", " ", "_", "`", "\\"]
    )
).map("".join)


@given(MARKDOWN)
def test_nothing_of_it_becomes_active_and_all_of_it_is_shown(name: str) -> None:
    markdown = escape_markdown(name)
    # A backslash before punctuation shows just that: what is left of it is what a reader sees.
    assert re.sub(r"\\([!-/:-@[-`{-~])", r"\1", markdown) == " ".join(name.split())
    active = re.sub(r"\\[!-/:-@[-`{-~]", "¤", markdown)
    assert not re.search(r"[\[\]<`]|://|www\.|\w@\w|^[#>-]|^\d+[.)](\s|$)", active)


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (FileExistsError(errno.EEXIST, "File exists"), "there is a file of this name"),
        (OSError(errno.ECONNREFUSED, "Connect call failed ('10.10.0.1', 9)"), "the connection was refused"),
        (PermissionError(errno.EACCES, "Permission denied", "/config/s3cret"), "access was denied"),
        (OSError(errno.ETXTBSY, "whatever"), "text file busy"),
        (socket.gaierror(-2, "Name or service not known"), "there is no host of this name"),
        (TimeoutError(), "there was no response in time"),
        (OSError("Multiple exceptions: [Errno 111] …"), "an unexpected error occurred"),
        (IndexError("string index out of range"), "an unexpected error occurred"),
    ],
)
def test_an_error_has_words_of_ours(error: Exception, words: str) -> None:
    assert words_of(error) == words
