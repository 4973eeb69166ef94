//! Captions as words with their places.

use std::ops::Range;

/// A word or a single symbol.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Token<'t> {
    pub(super) text: &'t str,
    /// In lower case.
    pub(super) lower: String,
    /// Bytes in the caption.
    pub(super) span: Range<usize>,
}

/// Splits off symbols and clitics (`dog's` → `dog` `'s`). A word may hold hyphens and
/// apostrophes between letters or digits, and commas and full stops between digits.
pub(super) fn tokenise(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let chars: Vec<(usize, char)> = text.char_indices().collect();
    let end_of = |i: usize| chars.get(i).map_or(text.len(), |&(at, _)| at);
    let is = |i: usize, test: fn(char) -> bool| chars.get(i).is_some_and(|&(_, c)| test(c));
    let joins = |i: usize| match chars[i].1 {
        '-' | '\'' | '’' => is(i - 1, char::is_alphanumeric) && is(i + 1, char::is_alphanumeric),
        '.' | ',' | ':' => is(i - 1, char::is_numeric) && is(i + 1, char::is_numeric),
        _ => false,
    };
    let mut i = 0;
    while i < chars.len() {
        if chars[i].1.is_whitespace() {
            i += 1;
            continue;
        }
        let first = i;
        i += 1;
        if is(first, char::is_alphanumeric) {
            while i < chars.len() && (is(i, char::is_alphanumeric) || joins(i)) {
                i += 1;
            }
        }
        push_split(text, end_of(first)..end_of(i), &mut tokens);
    }
    tokens
}

fn push_split<'t>(text: &'t str, span: Range<usize>, tokens: &mut Vec<Token<'t>>) {
    let word = &text[span.clone()];
    let clitic = ["'s", "’s", "n't", "n’t", "'re", "'ll", "'ve", "'d", "'m"]
        .into_iter()
        .find(|clitic| word.len() > clitic.len() && word.ends_with(clitic))
        .map_or(0, str::len);
    let middle = span.end - clitic;
    for span in [span.start..middle, middle..span.end] {
        if !span.is_empty() {
            let text = &text[span.clone()];
            tokens.push(Token {
                text,
                lower: text.to_lowercase(),
                span,
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<&str> {
        tokenise(text).into_iter().map(|token| token.text).collect()
    }

    #[test]
    fn words_symbols_and_clitics() {
        assert_eq!(
            words("A dog's black-and-white tail, isn't 3.5 (inches)…"),
            [
                "A",
                "dog",
                "'s",
                "black-and-white",
                "tail",
                ",",
                "is",
                "n't",
                "3.5",
                "(",
                "inches",
                ")",
                "…"
            ]
        );
        assert_eq!(words("  "), [""; 0]);
        assert_eq!(words("- 'tis"), ["-", "'", "tis"]);
    }
}
