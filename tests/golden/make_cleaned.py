"""Texts as OpenCLIP's tokenizer cleans them, into cleaned_texts.json.

    pip install ftfy==6.3.1
    python tests/golden/make_cleaned.py

The functions are those of open_clip/tokenizer.py (`basic_clean`, `whitespace_clean`, lower case).
Texts that only ftfy's repair of encodings changes are left out: that repair is the difference
that docs/parity.md names.
"""

import html
import json
import pathlib

import ftfy


def clean(text):
    text = ftfy.fix_text(text)
    text = html.unescape(html.unescape(text)).strip()
    return " ".join(text.split()).strip().lower()


TEXTS = [
    "a dog", "  two   spaces ", "tab\tand\nline\r\nends\rof all\u2028kinds\u2029here\u0085", "UPPER Case",
    "the dog’s ball", "‘single’ “double” ‚low’ „low“", "ŉ and ʼn", "a dog &amp; a cat", "&amp;amp; twice",
    "&amp;amp;amp;amp; four times", "&lt;b&gt;", "<b>&amp;</b>", "<i>&amp;amp;amp;amp;</i>", "&notit; &notin; &notin",
    "this&not that", "&NTILDE; &EACUTE; &nTILDE; &SZLIG;", "&AMPX; &AMP; &AMP", "&COPY; &copy &copyx",
    "&#39;&#x27;&#X27; &#39 &#x27", "&#0; &#13; &#x80; &#128 &#150; &#x81;", "&#1; &#xb; &#x7f; &#xfdd0; &#xfffe; &#x1ffff;",
    "&#xd800; &#x110000; &#99999999999999999999;", "&#; &#x; &#xg; &; & ;", "&hearts;&HEARTS;&Hearts;",
    "&CounterClockwiseContourIntegral; &CounterClockwiseContourIntegralX;", "&thetasym; &ThickSpace;x",
    "&nbsp;a&nbsp;&nbsp;b", "ﬁne ﬂower ﬀ ﬃ ﬄ ﬅ ﬆ ĳ Ĳ ǆ ǅ Ǆ ǉ ǌ ǳ", "ＡＢＣ　１２３ ｶﾞｷﾞ ￦ ￮", "ｱﾞ",
    "Å Å", "e\u0301 n\u0303", "İstanbul ΟΔΟΣ ΣΑΣ Σ", "ß ẞ", "日本の猫", "кот на столе", "👍🏽 👨‍👩‍👧",
    "\x1b[31mred\x1b[0m \x1b[1;32mbold\x1b[m \x1b[x", "\x00\x01\x0b\x1f\x7f", "a\ufeffb \ufff9\ufffc \u206a", "\u200bzero\u200dwidth",
    "x\x1cy\x1dz", "x\xa0y\u2003z\u3000w", "\x93quoted\x94 \x85", "caf\x82", "résumé naïve", "don't you’re it`s",
    "a – b — c", "100% “sure” &mdash; yes", "&lt;&lt;&lt;", "&amp;lt;", "&ampamp;", "&amp amp;", "&quot;quoted&quot;",
    "A 'll 11p223RF☆ho!!to? of a cat", "You should've done this", "<|endoftext|> a cat", "&#128512; &#x1F600;",
    "&acE; &NotEqualTilde; &bne;", "&fjlig; &ngE;", "&&amp;&", "&\u00e9;", "&" + "a" * 40 + ";", "",
]

pairs = []
for text in TEXTS:
    if ftfy.fix_encoding(text) != text:
        continue
    pairs.append([text, clean(text)])
print(len(pairs), "of", len(TEXTS))
path = pathlib.Path(__file__).parent / "cleaned_texts.json"
path.write_text("[\n" + ",\n".join(json.dumps(pair) for pair in pairs) + "\n]\n")
