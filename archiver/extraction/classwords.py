"""Class words: what a page's markup calls its parts. In: class, id and role of an element. Out: bits by group. Never: a tree."""

from __future__ import annotations

from functools import lru_cache

# Words in class, id, role and test ids (lower case, without - and _), by what they say of the text below. English,
# because markup is. Plain substrings, found by their first three letters: 3 µs a token, where trying each of the 170
# cost 15, and one regular expression 33.
WORDS = {
    "related": "relat recommend readmore readalso readnext readon morefrom moreon morestor morenews moreart teaser outbrain "
    "taboola mostread mostpop mostview popular trending similar suggest alsolike nextup nextpost nextart crosslink "
    "inlinelink promo",
    "share": "share sharing social addthis follow whatsapp sociable bookmark print sendto email",
    "newsletter": "newsletter subscri signup optin mailing mailchimp donat membership",
    "comment": "comment disqus respond discuss replies reply",
    "meta": "byline author date time meta publish posted kicker categor topic tag label keyword eyebrow breadcrumb",
    "media": "caption credit photo image img figure gallery video player slide carousel media picture lightbox",
    "nav": "nav menu crumb pagina pager toc toolbar masthead skip topbar search",
    "footer": "foot copyright legal disclaim imprint colophon bottom",
    "side": "sidebar aside widget rail rightcol colright complementary secondary",
    "ad": "advert sponsor banner dfp commerc affiliate anzeige",
    "consent": "cookie consent gdpr privacy modal popup overlay dialog paywall login regist alert notice toast",
    "body": "article story post entry content body text main paragraph prose detail news",
    "lead": "lead standfirst summary intro deck subtitle subhead description chapo sapo abstract excerpt strapline vorspann",
    "title": "title headline heading header",
    "hidden": "hidden sronly screenreader noprint offscreen collapsed",
    "bio": "aboutauthor abouttheauthor profile contributor authorinfo authorbox authordesc authorbio vcard biography",
    "box": "infobox fact pullquote callout highlight keypoint keytakeaway panel card tile",
    "strong": "articlebody articletext articlecontent articlecontainer storybody storycontent storytext postbody postcontent posttext "
    "entrycontent entrytext bodytext bodycontent bodycopy richtext articledetail newsbody newscontent newstext fulltext maintext "
    "contentbody pagecontent textblock paragraph wysiwyg blogcontent singlecontent newsarticle textcontent fieldbody",
    "embed": "twitter tweet instagram facebook youtube tiktok embed iframe oembed externalcontent bluesky telegram",
    "list": "list grid feed river stream archive collection latest headlines",
    "notes": "disclaim fineprint smallprint legalnote affiliatedisc",
    "author": "author byline writer reporter journalist autor auteur redakteur correspondent",
}  # fmt: skip
_WHOLE_WORDS = {"ad": "ad", "ads": "ad", "bio": "bio", "dek": "lead", "box": "box", "tabs": "nav"}
GROUPS = tuple(WORDS)
WORD = {name: 1 << bit for bit, name in enumerate(WORDS)}
_STARTS: dict[str, list[tuple[str, int]]] = {}  # words and their bits by their first three letters
for _name, _words in WORDS.items():
    for _word in _words.split():
        _STARTS.setdefault(_word[:3], []).append((_word, WORD[_name]))


@lru_cache(maxsize=30_000)
def _token_bits(token: str) -> int:
    token = token.lower()
    plain = token.replace("-", "").replace("_", "")
    bits = 0
    for at in range(len(plain) - 2):
        for word, bit in _STARTS.get(plain[at : at + 3], ()):
            if plain.startswith(word, at):
                bits |= bit
    for part in token.replace("_", "-").split("-"):
        if part in _WHOLE_WORDS:
            bits |= WORD[_WHOLE_WORDS[part]]
    return bits


@lru_cache(maxsize=10_000)
def word_bits(words: str) -> int:
    """The groups of `WORDS` that occur in an element's class, id and role."""
    bits = 0
    for token in words.split():
        bits |= _token_bits(token[:60])
    return bits
