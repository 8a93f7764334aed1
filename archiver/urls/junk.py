"""Query parameters that do not change the page. In: one parameter. Out: whether identity ignores it. Never: I/O.

Two kinds: where a reader came from (tracking) and who the reader is (session ids). The lists name what newsrooms,
mailing tools and advertisers append; each name is dropped only where no site is known to select content with it.
"""

from __future__ import annotations

import re

_TRACKING_PREFIXES = (
    *(
        "utm_",
        "at_",
        "mtm_",
        "matomo_",
        "pk_",
        "piwik_",
        "hsa_",
        "_hs",
        "vero_",
        "oly_",
        "ns_",
        "itm_",
        "ga_",
        "_ga",
        "gad_",
    ),
    *("ref_src", "ref_url", "wt_", "wt.", "aspsessionid"),
)
_TRACKING = frozenset(
    str.split(
        """
        fbclid gclid gclsrc dclid gbraid wbraid msclkid yclid ymclid ysclid twclid ttclid li_fat_id igshid igsh epik
        s_kwcid srsltid mc_cid mc_eid mkt_tok _openstat __twitter_impression _branch_match_id rb_clickid sc_cid s_cid
        wickedid irclickid obclid cmpid cmp ocid xtor xtref ncid icid ito smid smtyp spm scm ftag taid guccounter
        guce_referrer guce_referrer_sig sr_share share_id sharetoken socialshare __s _kx trk_contact trk_msg trk_module
        trk_sid mbid dicbo soc_src soc_trk tsrc echobox snr yptr usqp amp_js_v amp_gsa
        """
    )
)
# Words that say "this link was on …". Only with such a value is `ref=` and the like a mark of origin.
_ORIGIN_NAMES = frozenset(str.split("ref referrer referer source src from via"))
_ORIGIN_VALUES = frozenset(
    str.split(
        """
        rss feed atom twitter facebook fb instagram linkedin whatsapp telegram reddit pinterest google googlenews bing
        email mail newsletter push app share social home homepage hp front frontpage footer header nav sidebar related
        mostread most-read
        """
    )
)
_SESSIONS = frozenset(str.split("phpsessid jsessionid asp.net_sessionid cfid cftoken oscsid zenid"))
# Names that other sites use for a section or a story: a session only where the value looks like one.
_MAYBE_SESSIONS = frozenset(str.split("sid session sessionid session_id sessid s sess"))
_LOOKS_RANDOM = re.compile(r"(?=[^a-z]*[a-z])(?=[^0-9]*[0-9])[0-9a-z\-]{16,128}\Z")

_PATH_SESSION = re.compile(r";(?:jsessionid|phpsessid)=[^/;]*", re.IGNORECASE)


def is_junk(name: str, value: str) -> bool:
    """Whether the parameter `name=value` says nothing about which page is meant. Names are read without case."""
    name = name.lower().removeprefix("amp;")  # a doubly escaped "&amp;" in a feed
    return (
        name in _TRACKING
        or name in _SESSIONS
        or name.startswith(_TRACKING_PREFIXES)
        or (name in _ORIGIN_NAMES and value.lower() in _ORIGIN_VALUES)
        or (name in _MAYBE_SESSIONS and bool(_LOOKS_RANDOM.match(value.lower())))
    )


def without_path_session(path: str) -> str:
    """Return `path` without `;jsessionid=…` (Servlet 6.0, 7.1.3)."""
    return _PATH_SESSION.sub("", path) if ";" in path else path
