//! Reports as one HTML file that asks nothing of the network: its frame and its charts.

mod dots;
mod plane;
mod radial;
mod thumbnail;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub(crate) use dots::{DotRow, Reference, dots};
pub(crate) use plane::{Point, plane};
pub(crate) use radial::{Polar, RadialDot, RadialEdge, radial};
pub(crate) use thumbnail::Thumbnail;

/// A whole page. The browser is told to load nothing from anywhere.
pub(crate) fn page(title: &str, body: &Markup) -> String {
    let style = include_str!("style.css");
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="referrer" content="no-referrer";
                meta http-equiv="Content-Security-Policy"
                    content="default-src 'none'; style-src 'unsafe-inline'; img-src data:";
                meta name="generator" content={ "cliprobe " (env!("CARGO_PKG_VERSION")) };
                title { (title) }
                style { (PreEscaped(style)) }
            }
            body {
                main {
                    h1 { (title) }
                    (body)
                }
            }
        }
    }
    .into_string()
}

/// A table that scrolls by itself where the page is too narrow. `head` names the columns; those in
/// `numbers` are numbers.
pub(crate) fn table(
    caption: &str,
    head: &[&str],
    numbers: &[usize],
    rows: &[Vec<Markup>],
) -> Markup {
    let number = |column: usize| numbers.contains(&column).then_some("number");
    html! {
        div.scroll tabindex="0" role="region" aria-label=(caption) {
            table {
                caption { (caption) }
                thead { tr {
                    @for (column, name) in head.iter().enumerate() {
                        th scope="col" class=[number(column)] { (name) }
                    }
                } }
                tbody {
                    @for row in rows {
                        tr {
                            @for (column, cell) in row.iter().enumerate() {
                                @if column == 0 {
                                    th scope="row" { (cell) }
                                } @else {
                                    td class=[number(column)] { (cell) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A cell with plain text.
pub(crate) fn text(value: impl AsRef<str>) -> Markup {
    html! { (value.as_ref()) }
}

/// The id of an anchor: the letters, digits and hyphens of a name.
pub(crate) fn anchor(parts: &[&str]) -> String {
    let letters = parts.join("-");
    letters
        .chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect()
}
