"""Charsets and media types: what the bytes are, whatever the label says."""

from __future__ import annotations

import pytest

from archiver.extraction.charset import charset_of, codec, to_utf8
from archiver.extraction.sniff import media_type

RUSSIAN = "<p>Городской совет утвердил план ремонта старого моста через реку, работы начнутся весной.</p>" * 5
JAPANESE = "<p>市議会は月曜日、川に架かる古い橋の修理計画を承認したと市役所の広報担当者が発表した。</p>" * 5
POLISH = "<html lang='pl'><p>Rada miejska zatwierdziła w poniedziałek plan naprawy starego mostu nad rzeką.</p>"


@pytest.mark.parametrize(
    ("text", "encoding", "header", "meta"),
    [
        (RUSSIAN, "cp1251", "windows-1251", ""), (RUSSIAN, "cp1251", "", "windows-1251"), (RUSSIAN, "cp1251", "", ""),
        (RUSSIAN, "koi8-r", "", ""), (RUSSIAN, "utf-8", "windows-1251", ""), (RUSSIAN, "utf-8", "ISO-8859-1", "utf-8"),
        (JAPANESE, "shift_jis", "", "x-sjis"), (JAPANESE, "euc_jp", "", ""), (POLISH, "cp1250", "", ""),
    ],
)  # fmt: skip
def test_a_page_is_read_in_the_charset_it_is_written_in(text, encoding, header, meta):
    body = (f'<meta charset="{meta}">' if meta else "").encode() + text.encode(encoding)
    read, _ = to_utf8(body, f"text/html; charset={header}" if header else "text/html")
    assert text in read.decode()


def test_a_bom_outweighs_the_header_and_utf7_is_never_read():
    assert charset_of(b"\xef\xbb\xbf" + RUSSIAN.encode(), "text/html; charset=windows-1251") == "utf-8"
    assert codec("utf-7") is None
    assert charset_of("\ufeff<p>a".encode("utf-16-le"), None) == "utf-16-le"


def test_labels_mean_what_browsers_make_of_them():
    assert codec("iso-8859-1") == "cp1252"
    assert codec("gb2312") == "gb18030"
    assert codec("ks_c_5601-1987") == "cp949"
    assert codec("x-user-defined-9000") is None


def test_control_characters_do_not_reach_the_parser():
    assert to_utf8(b"<p>a\x00b\x08c</p>", None)[0] == b"<p>abc</p>"


@pytest.mark.parametrize(
    ("body", "label", "kind"),
    [
        (b"%PDF-1.4\n", "text/html", "application/pdf"), (b"\x89PNG\r\n\x1a\n", "text/html", "image/png"),
        (b'{"error": 1}', "text/html", "application/json"), (b"<!DOCTYPE html><p>x", None, "text/html"),
        (b"<html><p>x", "application/octet-stream", "text/html"), (b"just words", "text/plain", "text/plain"),
        (b"<?xml version='1.0'?><rss version='2.0'>", "text/html", "application/rss+xml"),
        (b"<p>short</p>", "text/html; charset=utf-8", "text/html"),
        (bytes(range(256)), None, "application/octet-stream"),
    ],
)  # fmt: skip
def test_the_media_type_is_that_of_the_bytes(body, label, kind):
    assert media_type(body, label) == kind
