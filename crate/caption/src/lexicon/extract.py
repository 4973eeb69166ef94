#!/usr/bin/env python3
"""Makes wordnet.txt, the extract of WordNet 3.0 that caption edits draw on.

    extract.py WORDNET_DICT BPE_VOCABULARY > wordnet.txt

WORDNET_DICT is the folder with data.noun, index.noun … (Debian's package `wordnet-base` has it as
/usr/share/wordnet); BPE_VOCABULARY is CLIP's bpe_simple_vocab_16e6.txt.gz, from openai/CLIP.

What is kept: the words that CLIP's vocabulary holds whole, which is a frequency list of the
captions that CLIP was trained on, and a few everyday ones that it splits; two-word nouns of things one can photograph whose parts are
both frequent there; no proper names (WordNet's instances), nothing that WordNet marks as a slur,
disparaging or obscene; of a word's senses the first three and those that the sense-tagged texts
attest. A sense of a kept word is kept with its hypernyms up to the root, words or
no words. The output is the same for the same inputs.

The format, one synset a line, fields separated by tabs:
    depth  words  links
Nouns, verbs, adjectives and adverbs follow one another under the headings `#noun`, `#verb`,
`#adjective`, `#adverb`. Nouns and verbs stand in tree order: the first hypernym is the nearest
line above whose depth is one less. `words` are separated by spaces, each `word` or `word*count`
(occurrences in the sense-tagged texts, where there are any). `links` are separated by spaces:
    @N        a further hypernym, N the line number within the part of speech
    !I=word   the antonym of word I of this synset, with its count (antonyms are between words)
    +I:N      word I (an adjective) is derived from a word of noun synset N
`#exceptions` lists irregular forms: `n|a  form  base`.
"""

import gzip
import sys
from collections import defaultdict
from pathlib import Path

FILES = {"n": "noun", "v": "verb", "a": "adj", "r": "adv"}
HEADINGS = {"n": "noun", "v": "verb", "a": "adjective", "r": "adverb"}
# Lexicographer files of what can be photographed: animal, artifact, body, food, object, person, plant.
PHOTOGRAPHED = {5, 6, 8, 13, 17, 18, 20}
FREQUENT = 20_000  # rank in CLIP's vocabulary that parts of two-word nouns stay below
SENSES = 3  # how many senses of a word are kept that the sense-tagged texts do not attest
# Everyday things and acts that CLIP's vocabulary splits.
SPLIT = set(
    """airliner bedspread bicyclist biplane bleachers bookcase briefcase cabinetry chalkboard chopstick
    clipboard comforter computer condiment corral countertop crosswalk dishwasher doorknob eyeglasses
    fire_hydrant flatbed footstool freezer garnish graze grill hairdryer headboard hydrant jetliner
    kneel ladle laptop lifeguard loaf marshmallow moped motorcyclist nightstand notepad omelet onlooker
    placemat poolside racquet sailboat scooter silverware skateboarder skyscraper snowboard snowboarder
    snowplow spatula steeple sunglasses surfboard tablecloth toothbrush torso treetop tripod urinal
    utensil wetsuit wheelbarrow whisker windowsill windsurfing workstation wrapper""".split()
)
UNWANTED = {"ethnic_slur", "disparagement", "obscenity", "vulgarism", "dirty_word"}


def vocabulary(path):
    """CLIP's whole words, with their rank."""
    with gzip.open(path, "rt", encoding="utf-8") as file:
        merges = file.read().split("\n")[1 : 49152 - 256 - 2 + 1]
    ranks = {}
    for rank, merge in enumerate(merges):
        token = "".join(merge.split())
        if token.endswith("</w>") and token[:-4].isascii() and token[:-4].isalpha():
            ranks[token[:-4]] = rank
    return ranks


class Synset:
    def __init__(self, pos, line):
        data = line.split(" | ")[0].split()
        self.offset, self.file, kind, count = int(data[0]), int(data[1]), data[2], int(data[3], 16)
        self.pos = pos
        self.satellite = kind == "s"
        # adjectives carry syntactic markers: galore(ip)
        self.words = [data[4 + 2 * i].split("(")[0] for i in range(count)]
        at = 4 + 2 * count
        self.pointers = []
        for i in range(int(data[at])):
            symbol, offset, target_pos, words = data[at + 1 + 4 * i : at + 5 + 4 * i]
            source, target = int(words[:2], 16), int(words[2:], 16)
            self.pointers.append((symbol, "a" if target_pos == "s" else target_pos, int(offset), source, target))


def main():
    folder, bpe = Path(sys.argv[1]), sys.argv[2]
    ranks = vocabulary(bpe)
    synsets = {}
    for pos, name in FILES.items():
        for line in (folder / f"data.{name}").read_text(encoding="latin-1").splitlines():
            if not line.startswith("  "):
                synset = Synset(pos, line)
                synsets[pos, synset.offset] = synset

    counts = defaultdict(int)
    sense_order = defaultdict(dict)  # (pos, word) -> {offset: sense number}
    for pos, name in FILES.items():
        for line in (folder / f"index.{name}").read_text(encoding="latin-1").splitlines():
            if not line.startswith("  "):
                data = line.split()
                offsets = data[6 + int(data[3]) :]
                for number, offset in enumerate(offsets):
                    sense_order[pos, data[0]][int(offset)] = number
    for line in (folder / "cntlist.rev").read_text(encoding="latin-1").splitlines():
        key, number, count = line.split()
        word, sense = key.split("%")
        pos = {"1": "n", "2": "v", "3": "a", "4": "r", "5": "a"}[sense[0]]
        counts[pos, word, int(number) - 1] += int(count)

    unwanted = set()
    for key, synset in synsets.items():
        for symbol, pos, offset, source, _ in synset.pointers:
            if symbol == ";u" and UNWANTED & set(synsets[pos, offset].words):
                words = synset.words if source == 0 else [synset.words[source - 1]]
                unwanted.update((key, word) for word in words)

    def rare(key, word):
        """Neither attested nor among the word's first senses."""
        number = sense_order[key[0], word.lower()].get(key[1], SENSES)
        return number >= SENSES and not counts[key[0], word.lower(), number]

    def wanted(key, synset, word):
        if (key, word) in unwanted or any(p[0] == "@i" for p in synset.pointers) or rare(key, word):
            return False
        parts = word.lower().split("_")
        if len(parts) == 1:
            # one letter is a symbol; acronyms (IT, US, OR) collide with function words
            return (word.lower() in ranks or word in SPLIT) and len(word) > 1 and not word[1:].isupper()
        return word in SPLIT or (
            len(parts) == 2
            and synset.pos == "n"
            and synset.file in PHOTOGRAPHED
            and word.islower()
            and all(len(part) > 1 and ranks.get(part, FREQUENT) < FREQUENT for part in parts)
        )

    kept = {key: [w for w in s.words if wanted(key, s, w)] for key, s in synsets.items()}
    needed = {key for key, words in kept.items() if words}
    stack = list(needed)
    while stack:
        for symbol, pos, offset, _, _ in synsets[stack.pop()].pointers:
            if symbol == "@" and (pos, offset) not in needed:
                needed.add((pos, offset))
                stack.append((pos, offset))

    def hypernyms(key):
        return [(p[1], p[2]) for p in synsets[key].pointers if p[0] == "@"]

    def counted(key, word):
        pos, lower = key[0], word.lower()
        count = counts[pos, lower, sense_order[pos, lower].get(key[1], -1)]
        return f"{word}*{count}" if count else word

    # Tree order: children below their first hypernym, by offset.
    order, depth = {pos: [] for pos in FILES}, {}
    children = defaultdict(list)
    for key in sorted(needed):
        up = hypernyms(key)
        if up:
            children[up[0]].append(key)
    for pos in FILES:
        stack = [(key, 0) for key in sorted(needed, reverse=True) if key[0] == pos and not hypernyms(key)]
        while stack:
            key, level = stack.pop()
            depth[key] = level
            order[pos].append(key)
            stack.extend((child, level + 1) for child in reversed(children[key]))
    number = {key: i for pos in FILES for i, key in enumerate(order[pos])}

    out = []
    for pos in FILES:
        out.append(f"#{HEADINGS[pos]}")
        for key in order[pos]:
            synset, words, links = synsets[key], [], []
            for word in kept[key]:
                words.append(counted(key, word))
            links += [f"@{number[up]}" for up in hypernyms(key)[1:] if up in number]
            for symbol, target_pos, offset, source, target in synset.pointers:
                other = (target_pos, offset)
                if source == 0 or synset.words[source - 1] not in kept[key]:
                    continue
                index = kept[key].index(synset.words[source - 1])
                if symbol == "!":
                    antonym = synsets[other].words[target - 1]
                    if antonym in kept[other]:
                        links.append(f"!{index}={counted(other, antonym)}")
                elif symbol == "+" and pos == "a" and target_pos == "n" and other in number:
                    links.append(f"+{index}:{number[other]}")
            out.append("\t".join([str(depth[key]), " ".join(words), " ".join(sorted(set(links)))]).rstrip())

    out.append("#exceptions")
    lemmas = defaultdict(set)
    for (pos, _), words in kept.items():
        lemmas[pos].update(word.lower() for word in words)
    for pos, name in (("n", "noun"), ("a", "adj")):
        for line in (folder / f"{name}.exc").read_text(encoding="latin-1").splitlines():
            form, *bases = line.split()
            for base in bases:
                if base in lemmas[pos] and form != base and form.isalpha():
                    out.append(f"{pos}\t{form}\t{base}")
    sys.stdout.write("\n".join(out) + "\n")
    print(
        {HEADINGS[p]: (len(order[p]), len(lemmas[p])) for p in FILES},
        "synsets and words; not reached from a root:",
        len(needed) - len(number),
        file=sys.stderr,
    )


main()
