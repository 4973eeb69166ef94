//! English inflection: from a form to its bases, and back.

use super::lexicon::{Class, Lexicon};
use super::tags::Tag;

/// Verbs that do not inflect by rule: base, past, participle. Where usage has two forms, the one
/// that captions have.
const IRREGULAR_VERBS: &[(&str, &str, &str)] = &[
    ("be", "was", "been"),
    ("bear", "bore", "borne"),
    ("beat", "beat", "beaten"),
    ("become", "became", "become"),
    ("begin", "began", "begun"),
    ("bend", "bent", "bent"),
    ("bind", "bound", "bound"),
    ("bite", "bit", "bitten"),
    ("bleed", "bled", "bled"),
    ("blow", "blew", "blown"),
    ("break", "broke", "broken"),
    ("breed", "bred", "bred"),
    ("bring", "brought", "brought"),
    ("broadcast", "broadcast", "broadcast"),
    ("build", "built", "built"),
    ("burst", "burst", "burst"),
    ("buy", "bought", "bought"),
    ("cast", "cast", "cast"),
    ("catch", "caught", "caught"),
    ("choose", "chose", "chosen"),
    ("cling", "clung", "clung"),
    ("come", "came", "come"),
    ("cost", "cost", "cost"),
    ("creep", "crept", "crept"),
    ("cut", "cut", "cut"),
    ("deal", "dealt", "dealt"),
    ("dig", "dug", "dug"),
    ("do", "did", "done"),
    ("draw", "drew", "drawn"),
    ("drink", "drank", "drunk"),
    ("drive", "drove", "driven"),
    ("eat", "ate", "eaten"),
    ("fall", "fell", "fallen"),
    ("feed", "fed", "fed"),
    ("feel", "felt", "felt"),
    ("fight", "fought", "fought"),
    ("find", "found", "found"),
    ("flee", "fled", "fled"),
    ("fling", "flung", "flung"),
    ("fly", "flew", "flown"),
    ("forget", "forgot", "forgotten"),
    ("freeze", "froze", "frozen"),
    ("get", "got", "gotten"),
    ("give", "gave", "given"),
    ("go", "went", "gone"),
    ("grind", "ground", "ground"),
    ("grow", "grew", "grown"),
    ("hang", "hung", "hung"),
    ("have", "had", "had"),
    ("hear", "heard", "heard"),
    ("hide", "hid", "hidden"),
    ("hit", "hit", "hit"),
    ("hold", "held", "held"),
    ("hurt", "hurt", "hurt"),
    ("keep", "kept", "kept"),
    ("kneel", "knelt", "knelt"),
    ("know", "knew", "known"),
    ("lay", "laid", "laid"),
    ("lead", "led", "led"),
    ("leave", "left", "left"),
    ("lend", "lent", "lent"),
    ("let", "let", "let"),
    ("lie", "lay", "lain"),
    ("light", "lit", "lit"),
    ("lose", "lost", "lost"),
    ("make", "made", "made"),
    ("mean", "meant", "meant"),
    ("meet", "met", "met"),
    ("overlook", "overlooked", "overlooked"),
    ("pay", "paid", "paid"),
    ("put", "put", "put"),
    ("quit", "quit", "quit"),
    ("read", "read", "read"),
    ("ride", "rode", "ridden"),
    ("ring", "rang", "rung"),
    ("rise", "rose", "risen"),
    ("run", "ran", "run"),
    ("say", "said", "said"),
    ("see", "saw", "seen"),
    ("seek", "sought", "sought"),
    ("sell", "sold", "sold"),
    ("send", "sent", "sent"),
    ("set", "set", "set"),
    ("shake", "shook", "shaken"),
    ("shed", "shed", "shed"),
    ("shine", "shone", "shone"),
    ("shoot", "shot", "shot"),
    ("show", "showed", "shown"),
    ("shrink", "shrank", "shrunk"),
    ("shut", "shut", "shut"),
    ("sing", "sang", "sung"),
    ("sink", "sank", "sunk"),
    ("sit", "sat", "sat"),
    ("sleep", "slept", "slept"),
    ("slide", "slid", "slid"),
    ("sling", "slung", "slung"),
    ("slit", "slit", "slit"),
    ("speak", "spoke", "spoken"),
    ("spend", "spent", "spent"),
    ("spin", "spun", "spun"),
    ("spit", "spat", "spat"),
    ("split", "split", "split"),
    ("spread", "spread", "spread"),
    ("spring", "sprang", "sprung"),
    ("stand", "stood", "stood"),
    ("steal", "stole", "stolen"),
    ("stick", "stuck", "stuck"),
    ("sting", "stung", "stung"),
    ("strike", "struck", "struck"),
    ("string", "strung", "strung"),
    ("sweep", "swept", "swept"),
    ("swim", "swam", "swum"),
    ("swing", "swung", "swung"),
    ("take", "took", "taken"),
    ("teach", "taught", "taught"),
    ("tear", "tore", "torn"),
    ("tell", "told", "told"),
    ("think", "thought", "thought"),
    ("throw", "threw", "thrown"),
    ("thrust", "thrust", "thrust"),
    ("tread", "trod", "trodden"),
    ("understand", "understood", "understood"),
    ("wake", "woke", "woken"),
    ("wear", "wore", "worn"),
    ("weave", "wove", "woven"),
    ("weep", "wept", "wept"),
    ("wet", "wet", "wet"),
    ("win", "won", "won"),
    ("wind", "wound", "wound"),
    ("wring", "wrung", "wrung"),
    ("write", "wrote", "written"),
];

/// Verbs of more than one syllable, stressed on the last, that double their consonant.
const DOUBLING: &[&str] = &[
    "admit", "commit", "control", "equip", "forbid", "occur", "patrol", "permit", "prefer",
    "refer", "regret", "submit", "transfer", "unwrap", "zigzag", "kidnap",
];

const fn is_vowel(c: u8) -> bool {
    matches!(c, b'a' | b'e' | b'i' | b'o' | b'u')
}

/// What a form can be: its tag and the base that it comes from, for every reading that the
/// lexicon knows. The form is in lower case.
pub(super) fn readings(lexicon: &Lexicon, form: &str) -> Vec<(Tag, String)> {
    let mut found: Vec<(Tag, String)> = Vec::new();
    let mut add = |class: Class, tag: Tag, base: &str| {
        if lexicon.knows(class, base) && !found.iter().any(|(t, _)| *t == tag) {
            found.push((tag, base.to_owned()));
        }
    };
    add(Class::Noun, Tag::Nn, form);
    add(Class::Verb, Tag::Vb, form);
    add(Class::Verb, Tag::Vbp, form);
    add(Class::Adjective, Tag::Jj, form);
    add(Class::Adverb, Tag::Rb, form);
    for &(base, past, participle) in IRREGULAR_VERBS {
        if form == past {
            add(Class::Verb, Tag::Vbd, base);
        }
        if form == participle {
            add(Class::Verb, Tag::Vbn, base);
        }
    }
    if let Some(base) = lexicon.irregular_base(Class::Noun, form) {
        add(Class::Noun, Tag::Nns, base);
    }
    if let Some(base) = lexicon.irregular_base(Class::Adjective, form) {
        let tag = if form.ends_with("st") {
            Tag::Jjs
        } else {
            Tag::Jjr
        };
        add(Class::Adjective, tag, base);
    }
    if let Some(stem) = form.strip_suffix("men") {
        add(Class::Noun, Tag::Nns, &format!("{stem}man"));
    }
    for base in bases_before(form, "s") {
        if inflect(lexicon, &base, Tag::Nns) == form {
            add(Class::Noun, Tag::Nns, &base);
        }
        if inflect(lexicon, &base, Tag::Vbz) == form {
            add(Class::Verb, Tag::Vbz, &base);
        }
    }
    for (ending, tags) in [
        ("ing", &[Tag::Vbg][..]),
        ("ed", &[Tag::Vbn, Tag::Vbd]),
        ("er", &[Tag::Jjr]),
        ("est", &[Tag::Jjs]),
    ] {
        let class = if tags[0].is_verb() {
            Class::Verb
        } else {
            Class::Adjective
        };
        for base in bases_before(form, ending) {
            // `layed`, `sitted` are read, too: captions are what people write.
            if lexicon.knows(class, &base) {
                for &tag in tags {
                    add(class, tag, &base);
                }
                break;
            }
        }
    }
    found
}

/// Bases that could have taken the ending, by spelling alone, the likeliest first.
fn bases_before(form: &str, ending: &str) -> Vec<String> {
    let Some(stem) = form.strip_suffix(ending) else {
        return Vec::new();
    };
    if stem.len() < 2 || !stem.is_ascii() {
        return Vec::new();
    }
    let mut bases = Vec::new();
    let bytes = stem.as_bytes();
    if ending == "s" {
        bases.push(stem.to_owned());
        if let Some(shorter) = stem.strip_suffix("ie") {
            bases.push(format!("{shorter}y"));
        }
        if let Some(shorter) = stem.strip_suffix('e') {
            bases.push(shorter.to_owned());
        }
        if let Some(shorter) = stem.strip_suffix("ve") {
            bases.extend([format!("{shorter}f"), format!("{shorter}fe")]);
        }
        return bases;
    }
    let doubled = bytes.len() > 2 && bytes[bytes.len() - 1] == bytes[bytes.len() - 2];
    if doubled && !matches!(bytes[bytes.len() - 1], b'l' | b's' | b'e' | b'f' | b'z') {
        bases.push(stem[..stem.len() - 1].to_owned());
    }
    // `skating` is of skate, `eating` of eat: an `e` after consonant and single vowel and
    // consonant is likelier than none.
    let [.., before, vowel, last] = bytes else {
        bases.extend([stem.to_owned(), format!("{stem}e")]);
        bases.extend(with_ie(stem, ending));
        return bases;
    };
    let silent_e = !is_vowel(*before) && is_vowel(*vowel) && !is_vowel(*last);
    let with_e = format!("{stem}e");
    let candidates = if silent_e || matches!(last, b'v' | b'c' | b'u') {
        [with_e, stem.to_owned()]
    } else {
        [stem.to_owned(), with_e]
    };
    bases.extend(candidates);
    if doubled {
        bases.push(stem[..stem.len() - 1].to_owned());
    }
    if let Some(shorter) = stem.strip_suffix('i') {
        bases.push(format!("{shorter}y"));
    }
    bases.extend(with_ie(stem, ending));
    bases
}

/// `lying` is of lie.
fn with_ie(stem: &str, ending: &str) -> Option<String> {
    let shorter = stem.strip_suffix('y').filter(|_| ending == "ing")?;
    Some(format!("{shorter}ie"))
}

/// The form of a base that a tag asks for; the base itself where the tag asks for none.
pub(super) fn inflect(lexicon: &Lexicon, base: &str, tag: Tag) -> String {
    // Of several words the last inflects: `fire_hydrant`; of verbs the first, but edits have none.
    if let Some((head, last)) = base.rsplit_once('_') {
        return format!("{head}_{}", inflect(lexicon, last, tag));
    }
    let irregular = IRREGULAR_VERBS.iter().find(|(b, ..)| *b == base);
    match tag {
        Tag::Nns => lexicon
            .irregular_form(Class::Noun, &base.to_lowercase())
            .map_or_else(|| plural(base), str::to_owned),
        Tag::Vbz => match base {
            "be" => "is".to_owned(),
            "have" => "has".to_owned(),
            _ => with_s(base),
        },
        Tag::Vbg => with_ending(base, "ing"),
        Tag::Vbd => {
            irregular.map_or_else(|| with_ending(base, "ed"), |(_, past, _)| (*past).into())
        }
        Tag::Vbn => irregular.map_or_else(|| with_ending(base, "ed"), |(.., form)| (*form).into()),
        Tag::Jjr | Tag::Jjs => {
            let ending = if tag == Tag::Jjr { "er" } else { "est" };
            match (base, tag) {
                ("good", Tag::Jjr) => "better".to_owned(),
                ("good", _) => "best".to_owned(),
                ("bad", Tag::Jjr) => "worse".to_owned(),
                ("bad", _) => "worst".to_owned(),
                _ if syllables(base) == 1 || base.ends_with('y') => with_ending(base, ending),
                // `more beautiful` would change the sentence around the word.
                _ => base.to_owned(),
            }
        }
        _ => base.to_owned(),
    }
}

fn plural(base: &str) -> String {
    if base == "person" {
        return "people".to_owned();
    }
    let unchanged = [
        "aircraft",
        "clothing",
        "deer",
        "equipment",
        "fish",
        "footwear",
        "furniture",
        "jewelry",
        "livestock",
        "sheep",
        "tableware",
    ];
    if unchanged.contains(&base) {
        return base.to_owned();
    }
    match base.strip_suffix("man") {
        Some(stem)
            if !["hu", "ger", "ro", "nor", "sha", "otto", "cai", "talis"].contains(&stem) =>
        {
            format!("{stem}men")
        }
        _ => with_s(base),
    }
}

fn with_s(base: &str) -> String {
    let sibilant = ["s", "x", "z", "ch", "sh"]
        .iter()
        .any(|end| base.ends_with(end));
    let bytes = base.as_bytes();
    match bytes {
        [.., before, b'y'] if !is_vowel(*before) => format!("{}ies", &base[..base.len() - 1]),
        _ if sibilant => format!("{base}es"),
        _ if ["potato", "tomato", "hero", "echo", "go", "do"].contains(&base) => {
            format!("{base}es")
        }
        _ => format!("{base}s"),
    }
}

/// Adds `ing`, `ed`, `er` or `est`.
fn with_ending(base: &str, ending: &str) -> String {
    let bytes = base.as_bytes();
    match bytes {
        [.., b'i', b'e'] if ending == "ing" => format!("{}ying", &base[..base.len() - 2]),
        [.., b'e', b'e'] | [.., b'y', b'e'] | [.., b'o', b'e'] if ending == "ing" => {
            format!("{base}{ending}")
        }
        [.., b'e'] => format!("{}{ending}", &base[..base.len() - 1]),
        [.., before, b'y'] if ending != "ing" && !is_vowel(*before) => {
            format!("{}i{ending}", &base[..base.len() - 1])
        }
        [.., vowel, last]
            if is_vowel(*vowel)
                && !is_vowel(*last)
                && !matches!(last, b'w' | b'x' | b'y' | b'h')
                && (bytes.len() < 3
                    || !is_vowel(bytes[bytes.len() - 3])
                    || base.contains("qu"))
                && (syllables(base) == 1 || DOUBLING.contains(&base)) =>
        {
            format!("{base}{}{ending}", char::from(*last))
        }
        _ => format!("{base}{ending}"),
    }
}

/// Groups of vowels: near enough to count syllables of short words.
fn syllables(word: &str) -> usize {
    let mut groups = 0;
    let mut in_group = false;
    let word = word.strip_suffix('e').unwrap_or(word);
    for c in word.bytes() {
        let vowel = is_vowel(c) || (c == b'y' && groups > 0);
        groups += usize::from(vowel && !in_group);
        in_group = vowel;
    }
    groups.max(1)
}

/// Whether English puts `an` before the word.
pub(super) fn takes_an(word: &str) -> bool {
    let word = word.to_lowercase();
    let begins = |starts: &[&str]| starts.iter().any(|start| word.starts_with(start));
    if begins(&["hour", "honest", "honor", "honour", "heir"]) {
        return true;
    }
    if word == "one"
        || begins(&[
            "uni", "use", "usu", "util", "eu", "one-", "once", "ur", "ukulele",
        ])
    {
        // `unified` sounds with a consonant, `uninteresting` and `urn` do not.
        return begins(&["unin", "unim", "unid", "urn", "urban", "urg"]);
    }
    word.starts_with(['a', 'e', 'i', 'o', 'u'])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon::lexicon;

    #[test]
    fn forms_and_bases() {
        let lexicon = lexicon().expect("compiled in");
        for (base, tag, form) in [
            ("dog", Tag::Nns, "dogs"),
            ("man", Tag::Nns, "men"),
            ("woman", Tag::Nns, "women"),
            ("knife", Tag::Nns, "knives"),
            ("berry", Tag::Nns, "berries"),
            ("bench", Tag::Nns, "benches"),
            ("fire_hydrant", Tag::Nns, "fire_hydrants"),
            ("sit", Tag::Vbg, "sitting"),
            ("ride", Tag::Vbg, "riding"),
            ("eat", Tag::Vbg, "eating"),
            ("lie", Tag::Vbg, "lying"),
            ("visit", Tag::Vbg, "visiting"),
            ("ski", Tag::Vbg, "skiing"),
            ("carry", Tag::Vbz, "carries"),
            ("carry", Tag::Vbn, "carried"),
            ("throw", Tag::Vbn, "thrown"),
            ("stop", Tag::Vbd, "stopped"),
            ("big", Tag::Jjr, "bigger"),
            ("happy", Tag::Jjs, "happiest"),
        ] {
            assert_eq!(inflect(lexicon, base, tag), form, "{base}");
            let found = readings(lexicon, &form.replace('_', " "));
            if !base.contains('_') {
                assert!(
                    found.contains(&(tag, base.to_owned())),
                    "{form} of {base}: {found:?}"
                );
            }
        }
    }

    #[test]
    fn articles() {
        for word in ["apple", "hour", "umbrella", "old", "uninteresting", "urn"] {
            assert!(takes_an(word), "{word}");
        }
        for word in ["dog", "unicorn", "one", "European", "used", ""] {
            assert!(!takes_an(word), "{word}");
        }
    }
}
