#!/usr/bin/env python3
"""Makes clip_vocabulary/tokens.json: texts, most of them odd, and their ids in CLIP's own
vocabulary, as transformers' CLIPTokenizer gives them (unpadded, untruncated).

Beside it stands OpenAI's own byte-pair encoding (clip/simple_tokenizer.py, MIT, written out
again below without its cleaning of text). Both must agree on every text but those of DIFFERENT.

Needs transformers==5.24.0 and regex. Run it in this folder."""

import json
import tempfile
import unicodedata
from pathlib import Path

import regex
import transformers

assert transformers.__version__ == "5.24.0"
OUT = Path(__file__).parent / "clip_vocabulary"

PATTERN = regex.compile(
    r"<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|[\p{L}]+|[\p{N}]|[^\s\p{L}\p{N}]+",
    regex.IGNORECASE,
)


# Where the two differ, transformers' ids are the golden ones: Python lowers a sigma at the end of
# a word to ς, and OpenAI's pattern finds its special tokens in any case of letters.
DIFFERENT = ["ΣΊΣΥΦΟΣ", "<|ENDOFTEXT|>"]


def bytes_to_unicode():
    kept = [*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)]
    rest = [b for b in range(256) if b not in kept]
    return dict(zip(kept + rest, map(chr, kept + [256 + n for n in range(len(rest))])))


class OpenAI:
    def __init__(self, merges):
        self.bytes = bytes_to_unicode()
        merges = [tuple(line.split()) for line in merges.splitlines()[1:] if line]
        words = [*self.bytes.values(), *(c + "</w>" for c in self.bytes.values()), *map("".join, merges)]
        words += ["<|startoftext|>", "<|endoftext|>"]
        self.vocabulary = {word: number for number, word in enumerate(words)}
        assert len(self.vocabulary) == 49408
        self.ranks = {merge: rank for rank, merge in enumerate(merges)}

    def bpe(self, token):
        if token in ("<|startoftext|>", "<|endoftext|>"):
            return [token]
        word = [self.bytes[b] for b in token.encode()]
        word[-1] += "</w>"
        while len(word) > 1:
            pairs = [(self.ranks.get(pair, 1 << 30), at) for at, pair in enumerate(zip(word, word[1:]))]
            rank, _ = min(pairs)
            if rank == 1 << 30:
                break
            merged, at = [], 0
            while at < len(word):
                if at + 1 < len(word) and self.ranks.get((word[at], word[at + 1])) == rank:
                    merged.append(word[at] + word[at + 1])
                    at += 2
                else:
                    merged.append(word[at])
                    at += 1
            word = merged
        return word

    def encode(self, text):
        text = " ".join(unicodedata.normalize("NFC", text).split()).lower()
        tokens = [part for token in PATTERN.findall(text) for part in self.bpe(token)]
        return [self.vocabulary[t] for t in ["<|startoftext|>", *tokens, "<|endoftext|>"]]


def texts():
    yield from [
        "", " ", "a", "A", "a photo of a cat", "a photo of a cat.", "A PHOTO OF A CAT!", "itap of a dog",
        "a bad photo of the large one", "two dogs and a cat on the grass", "the grass is on the dog",
        "an old person kisses a young person", "a young person kisses an old person", "there is more water than there is fire",
        "some plants surrounding a lightbulb", "a red cube left of two blue spheres", "a horse riding an astronaut",
    ]
    for word in ["cat", "I", "they", "WE", "he"]:
        for ending in ["'s", "'S", "'t", "'re", "'ve", "'m", "'ll", "'D", "’s", "''"]:
            yield word + ending
    yield from [
        "don't won't can't", "rock 'n' roll", "'tis the season", "the cats' cat's cats", "o'clock", "'", "''", "'s's's",
        "a,b;c:d", "a , b", "...", "…", "?!?!", "---", "--", "—", "a—b", "under_score", "__init__", "hy-phen-ated", "/usr/bin/env",
        "back\\slash", "{\"key\": [1, 2]}", "<b>bold</b>", "&amp; &lt;", "#hashtag @name", "50%", "$100 €50 £20 ¥1000", "1+1=2", "a*b^c",
        "(parentheses) [brackets]", "~`|", "https://example.com/a?b=c&d=%20#frag", "first.last@example.org", "C++ and C#",
    ]
    yield from [
        "0", "7", "42", "1234567890", "3.14159", "1e-10", "-5", "1,000,000", "12:30", "2022-05-01", "0x1F", "room 101", "4k", "ViT-B/32",
        "½ cup", "x² + y²", "H₂O", "①②③", "Ⅳ", "٣", "३", "五", "一二三", "10th", "1st 2nd 3rd",
    ]
    yield from [
        "tab\tbetween", "line\nbreak", "carriage\r\nreturn", "  spaces   around  ", "non\u00a0breaking", "thin\u2009space",
        "ideographic\u3000space", "line\u2028separator", "zero\u200bwidth", "soft\u00adhyphen", "joiner\u200dhere",
        "\ufeffmark", "\u202eright to left\u202c", "null\u0000byte", "bell\u0007", "del\u007f", "\u0085next",
    ]
    yield from [
        "café", "cafe\u0301", "naïve façade", "Ünïcödé", "ÅNGSTRÖM", "Å", "A\u030a", "ß", "STRASSE", "Straße", "İstanbul", "ıssız",
        "ΑΒΓΔ", "ΣΊΣΥΦΟΣ", "ς", "Привет, мир!", "ПРИВЕТ", "שלום", "مرحبا بالعالم", "हिन्दी", "ไทย", "中文字符", "日本語のテキスト",
        "カタカナ", "ﾊﾝｶｸ", "한국어", "한국어", "Ελληνικά", "ქართული", "አማርኛ", "ᏣᎳᎩ", "Ꭰ", "ﬁne ﬂow", "ǅ", "ŀ", "ſ", "K", "Ω",
        "ｆｕｌｌｗｉｄｔｈ", "𝒮𝒸𝓇𝒾𝓅𝓉", "𝟙𝟚", "e\u0327\u0301", "q\u0307\u0323",
    ]
    yield from [
        "😀", "😀😀", "cat 🐈 dog 🐕", "👍🏽", "👩‍👩‍👧‍👦", "🏳️‍🌈", "🇩🇪🇫🇷", "❤️", "☕️", "™ © ®", "→ ← ↑", "∀x∈ℝ", "√2 ≈ 1.41", "♫♪", "█▓▒░", "�",
        "“smart” ‘quotes’", "«guillemets»", "„low“", "¿qué?", "¡hola!", "l'été d'hiver", "5′ 10″", "№ 5", "§ 3", "a·b", "•",
    ]
    yield from [
        "<|endoftext|>", "<|startoftext|>", "a <|endoftext|> b", "<|ENDOFTEXT|>", "<|endoftext", "|>", "<|startoftext|>a photo", "a<|endoftext|>",
    ]
    yield from [
        "hello" * 30, "a " * 90, "ab" * 200, "!" * 60, "1" * 90, "é" * 40, "supercalifragilisticexpialidocious",
        "pneumonoultramicroscopicsilicovolcanoconiosis", "antidisestablishmentarianism", "qwertyuiop asdfghjkl zxcvbnm", "zzzzzzzzzzzz",
        "a very long caption with many words about the same thing " * 6,
    ]


def main():
    merges = (OUT / "merges.txt").read_text(encoding="utf-8")
    own = OpenAI(merges)
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "merges.txt").write_text(merges, encoding="utf-8")
        Path(folder, "vocab.json").write_text(json.dumps(own.vocabulary), encoding="utf-8")
        theirs = transformers.CLIPTokenizer.from_pretrained(folder)
    cases = []
    for text in dict.fromkeys(texts()):
        ids = theirs(text)["input_ids"]
        assert (ids != own.encode(text)) == (text in DIFFERENT), text
        cases.append({"text": text, "ids": ids})
    lines = ",\n".join(json.dumps(case, ensure_ascii=True) for case in cases)
    (OUT / "tokens.json").write_text(f"[\n{lines}\n]\n", encoding="utf-8")
    print(len(cases), "texts")


if __name__ == "__main__":
    main()
