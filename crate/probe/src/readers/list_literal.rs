//! Lists of texts as Python prints them (`['a', "b's"]`), which cells of published tables hold.

/// The texts of a list literal, with `'` or `"` around each; `\\`, `\'`, `\"`, `\n` and `\t` are
/// escapes.
///
/// # Errors
/// What is wrong and at which character, counted from 0, as the end of a sentence.
pub(super) fn read_list_literal(cell: &str) -> Result<Vec<String>, String> {
    let wrong = |at: usize, what: &str| format!("is no list of texts: {what} at character {at}");
    let mut letters = cell.trim().chars().enumerate().peekable();
    let mut texts = Vec::new();
    if letters.next().map(|(_, letter)| letter) != Some('[') {
        return Err(wrong(0, "no [ stands"));
    }
    loop {
        while letters
            .next_if(|(_, letter)| letter.is_whitespace())
            .is_some()
        {}
        match letters.next() {
            Some((_, ']')) => break,
            Some((at, quote @ ('\'' | '"'))) => {
                let mut text = String::new();
                loop {
                    match letters.next() {
                        Some((_, letter)) if letter == quote => break,
                        Some((_, '\\')) => match letters.next() {
                            Some((_, 'n')) => text.push('\n'),
                            Some((_, 't')) => text.push('\t'),
                            Some((_, letter @ ('\\' | '\'' | '"'))) => text.push(letter),
                            Some((at, _)) => return Err(wrong(at, "an unknown escape stands")),
                            None => return Err(wrong(at, "a text without end begins")),
                        },
                        Some((_, letter)) => text.push(letter),
                        None => return Err(wrong(at, "a text without end begins")),
                    }
                }
                texts.push(text);
            }
            Some((at, _)) => return Err(wrong(at, "something else than a quoted text stands")),
            None => return Err(wrong(cell.trim().chars().count(), "] is missing")),
        }
        while letters
            .next_if(|(_, letter)| letter.is_whitespace())
            .is_some()
        {}
        match letters.next() {
            Some((_, ',')) => {}
            Some((_, ']')) => break,
            Some((at, _)) => return Err(wrong(at, "no comma stands")),
            None => return Err(wrong(cell.trim().chars().count(), "] is missing")),
        }
    }
    match letters.next() {
        None => Ok(texts),
        Some((at, _)) => Err(wrong(at, "the list has ended, but more stands")),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_quotes_and_escapes() {
        let read = |cell: &str| read_list_literal(cell).unwrap();
        assert_eq!(read("['a', \"b's\", 'c\\'d' ,]"), ["a", "b's", "c'd"]);
        assert_eq!(read(" [] "), Vec::<String>::new());
        assert_eq!(read("['é, [x]']"), ["é, [x]"]);
    }

    #[test]
    fn what_is_no_list_is_said_with_its_place() {
        for (cell, words) in [
            ("a", "no [ stands at character 0"),
            ("['a'", "] is missing at character 4"),
            ("['a", "a text without end begins at character 1"),
            ("['a' 'b']", "no comma stands at character 5"),
            (
                "[1]",
                "something else than a quoted text stands at character 1",
            ),
            ("['a'] x", "more stands at character 5"),
            ("['\\q']", "unknown escape"),
            ("", "no [ stands"),
        ] {
            let error = read_list_literal(cell).unwrap_err();
            assert!(error.contains(words), "{cell}: {error}");
        }
    }
}
