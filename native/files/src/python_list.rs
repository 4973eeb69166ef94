//! Lists as Python prints them, which is how NegCLIP's tables keep several values in a field.
//!
//! Only flat lists of strings and whole numbers: nothing here can recurse, whatever a file holds.

use std::iter::Peekable;
use std::str::Chars;

use anyhow::{Context, Result, bail, ensure};

/// The strings of `['a', "it's"]`.
pub fn strings(text: &str) -> Result<Vec<String>> {
    list(text, |characters| {
        let quote = characters.next().filter(|c| matches!(c, '\'' | '"'));
        string(characters, quote.context("a string begins with ' or \"")?)
    })
}

/// The numbers of `[3, 14]`.
pub fn numbers(text: &str) -> Result<Vec<u32>> {
    list(text, |characters| {
        let mut digits = String::new();
        while let Some(digit) = characters.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        digits.parse().context("a whole number was expected")
    })
}

/// `['a', "it's"]`: strings as Python prints them, or near enough to mean the same to it.
pub fn print_strings(strings: &[String]) -> String {
    let quoted: Vec<String> = strings
        .iter()
        .map(|string| {
            let mut quoted = String::from("'");
            for c in string.chars() {
                match c {
                    '\\' | '\'' => quoted.extend(['\\', c]),
                    '\n' => quoted.push_str("\\n"),
                    '\r' => quoted.push_str("\\r"),
                    '\t' => quoted.push_str("\\t"),
                    c => quoted.push(c),
                }
            }
            quoted + "'"
        })
        .collect();
    format!("[{}]", quoted.join(", "))
}

/// `[3, 14]`.
pub fn print_numbers(numbers: &[u64]) -> String {
    let numbers: Vec<String> = numbers.iter().map(u64::to_string).collect();
    format!("[{}]", numbers.join(", "))
}

fn list<T>(
    text: &str,
    mut item: impl FnMut(&mut Peekable<Chars<'_>>) -> Result<T>,
) -> Result<Vec<T>> {
    let mut read = || {
        let inner = text
            .trim()
            .strip_prefix('[')
            .and_then(|t| t.strip_suffix(']'));
        let inner = inner.context("it does not stand in [ ]")?;
        let mut characters = inner.chars().peekable();
        let mut items = Vec::new();
        loop {
            skip_spaces(&mut characters);
            if characters.peek().is_none() {
                return Ok(items);
            }
            items.push(item(&mut characters)?);
            skip_spaces(&mut characters);
            let after = characters.next();
            ensure!(matches!(after, None | Some(',')), "a comma was expected");
        }
    };
    read().with_context(|| {
        let start: String = text.chars().take(40).collect();
        format!("{start:?} is no list as Python prints it")
    })
}

fn skip_spaces(characters: &mut Peekable<Chars<'_>>) {
    while characters.next_if(|c| c.is_whitespace()).is_some() {}
}

fn string(characters: &mut impl Iterator<Item = char>, quote: char) -> Result<String> {
    let mut value = String::new();
    loop {
        let next = characters.next().context("a string does not end")?;
        value.push(match next {
            c if c == quote => return Ok(value),
            '\\' => escaped(characters)?,
            c => c,
        });
    }
}

fn escaped(characters: &mut impl Iterator<Item = char>) -> Result<char> {
    let kind = characters.next().context("a string does not end")?;
    let digits = match kind {
        '\\' | '\'' | '"' => return Ok(kind),
        'n' => return Ok('\n'),
        't' => return Ok('\t'),
        'r' => return Ok('\r'),
        'x' => 2,
        'u' => 4,
        'U' => 8,
        other => bail!("\\{other} is unknown"),
    };
    let code: String = characters.take(digits).collect();
    u32::from_str_radix(&code, 16)
        .ok()
        .and_then(char::from_u32)
        .with_context(|| format!("\\{kind}{code} is no character"))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_python_prints_is_read() {
        assert_eq!(
            strings(r#"['a dog, a cat', "it's", 'caf\xe9 \u65e5 \'so\'\n', ]"#).unwrap(),
            ["a dog, a cat", "it's", "café 日 'so'\n"]
        );
        assert_eq!(strings(" [] ").unwrap(), [""; 0]);
        assert_eq!(numbers("[2973, 1515,0]").unwrap(), [2973, 1515, 0]);
    }

    #[test]
    fn what_is_printed_is_read_again() {
        let odd = ["a dog, a cat", "it's", "\"so\" \\n\n\t\r", "café 日"].map(str::to_owned);
        let printed = print_strings(&odd);
        assert!(!printed.contains('\n'), "{printed}");
        assert_eq!(strings(&printed).unwrap(), odd);
        assert_eq!(strings(&print_strings(&[])).unwrap(), [""; 0]);
        assert_eq!(numbers(&print_numbers(&[2973, 0])).unwrap(), [2973, 0]);
    }

    #[test]
    fn what_is_none_is_refused() {
        for text in [
            "",
            "nan",
            "['a'",
            "['a]",
            "[a]",
            "['a' 'b']",
            r"['\q']",
            r"['\ud800']",
            "[['a']]",
        ] {
            let error = strings(text).unwrap_err();
            assert!(error.to_string().contains("is no list"), "{text}: {error}");
        }
        for text in ["[1.5]", "[-1]", "['1']", "[99999999999]"] {
            assert!(numbers(text).is_err(), "{text}");
        }
        assert!(strings(&"[".repeat(1 << 20)).is_err());
    }
}
