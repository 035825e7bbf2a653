//! Finds the paths that a source file names: in `use`, in code and in macros, never in comments and texts.

use proc_macro2::{Delimiter, Spacing, TokenStream, TokenTree};

/// A path with more than one part, or the whole of a `use`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// Line in the file, counted from 1.
    pub(crate) line: usize,
    /// Its parts; `super` and `self` of an inline module are those of the file.
    pub(crate) parts: Vec<String>,
}

/// Returns the paths that a file's text names, in their order.
///
/// # Errors
/// When it is no Rust.
pub(crate) fn paths(text: &str) -> Result<Vec<Named>, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("{error}"))?;
    let mut found = Vec::new();
    walk(tokens, 0, &mut found);
    Ok(found)
}

/// Walks code; `depth` inline modules are around it.
fn walk(tokens: TokenStream, depth: usize, found: &mut Vec<Named>) {
    let tokens: Vec<_> = tokens.into_iter().collect();
    let mut at = 0;
    while at < tokens.len() {
        match &tokens[at] {
            TokenTree::Ident(word) if *word == "mod" => {
                let is_inline = matches!(tokens.get(at + 2), Some(TokenTree::Group(_)));
                if let (true, Some(TokenTree::Group(body))) = (is_inline, tokens.get(at + 2)) {
                    walk(body.stream(), depth + 1, found);
                    at += 2;
                }
            }
            TokenTree::Ident(word) if *word == "use" => {
                at = tree(&tokens, at + 1, &[], depth, found);
                continue;
            }
            TokenTree::Ident(_) if is_separator(&tokens, at + 1) => {
                at = path(&tokens, at, depth, found);
                continue;
            }
            TokenTree::Group(group) => walk(group.stream(), depth, found),
            _ => {}
        }
        at += 1;
    }
}

/// Reads the path that begins here; returns where it has ended.
fn path(tokens: &[TokenTree], begin: usize, depth: usize, found: &mut Vec<Named>) -> usize {
    let line = line(&tokens[begin]);
    let (parts, end) = words(tokens, begin);
    // A method with its types is none: `iter.sum::<f32>()`.
    if parts.len() > 1 {
        push(line, parts, depth, found);
    }
    end
}

/// Reads a tree of `use` with this beginning; returns where it has ended.
fn tree(
    tokens: &[TokenTree],
    begin: usize,
    beginning: &[String],
    depth: usize,
    found: &mut Vec<Named>,
) -> usize {
    let begin = if is_separator(tokens, begin) { begin + 2 } else { begin };
    let Some(first) = tokens.get(begin) else { return begin };
    let line = line(first);
    let (parts, mut end) = words(tokens, begin);
    let parts = [beginning, &parts].concat();
    match tokens.get(end) {
        Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
            let inner: Vec<_> = group.stream().into_iter().collect();
            let mut at = 0;
            while at < inner.len() {
                at = tree(&inner, at, &parts, depth, found);
                while at < inner.len() && !is_punctuation(&inner[at], ',') {
                    at += 1;
                }
                at += 1;
            }
            end += 1;
        }
        _ => push(line, parts, depth, found),
    }
    end
}

/// Returns the words that are joined by `::` from here on, and where they have ended: at a brace, if one follows.
fn words(tokens: &[TokenTree], begin: usize) -> (Vec<String>, usize) {
    let (mut parts, mut at) = (Vec::new(), begin);
    while let Some(TokenTree::Ident(word)) = tokens.get(at) {
        parts.push(word.to_string().trim_start_matches("r#").to_owned());
        at += 1;
        if !is_separator(tokens, at) {
            break;
        }
        at += 2;
    }
    (parts, at.max(begin + 1).min(tokens.len()))
}

fn push(line: usize, mut parts: Vec<String>, depth: usize, found: &mut Vec<Named>) {
    let ups = parts.iter().take_while(|part| *part == "super").count();
    if ups > 0 || parts.first().is_some_and(|part| part == "self") {
        let below = depth.min(ups);
        parts.drain(..below);
        if depth > ups {
            // It stays in a module that the file holds.
            return;
        }
        if parts.first().is_none_or(|part| part != "super" && part != "self") {
            parts.insert(0, "self".to_owned());
        }
    }
    if !parts.is_empty() {
        found.push(Named { line, parts });
    }
}

fn is_separator(tokens: &[TokenTree], at: usize) -> bool {
    let joint = |token: &TokenTree| match token {
        TokenTree::Punct(sign) => sign.as_char() == ':' && sign.spacing() == Spacing::Joint,
        _ => false,
    };
    tokens.get(at).is_some_and(joint)
        && tokens.get(at + 1).is_some_and(|token| is_punctuation(token, ':'))
}

fn is_punctuation(token: &TokenTree, sign: char) -> bool {
    matches!(token, TokenTree::Punct(found) if found.as_char() == sign)
}

fn line(token: &TokenTree) -> usize {
    token.span().start().line
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<String> {
        paths(text).unwrap().into_iter().map(|path| path.parts.join("::")).collect()
    }

    #[test]
    fn trees_of_use_are_taken_apart() {
        let text =
            "use crate::{a, b::{self, c as d}, e::*};\npub(crate) use ::gtk::prelude::*; use zbus;";
        assert_eq!(
            named(text),
            ["crate::a", "crate::b::self", "crate::b::c", "crate::e", "gtk::prelude", "zbus"]
        );
    }

    #[test]
    fn code_and_macros_are_read_but_not_comments_and_texts() {
        let text = r#"
            //! Like [`pipewire::Loop`].
            /// Not `crate::pw::Thread`.
            #[tokio::test]
            fn f(a: crate::pw::Thread) -> Vec<gtk::Label> {
                let text = "crate::state::plan"; // crate::control
                tokio::select! { x = crate::rt::next(a.b::<glib::Object>()) => {} }
            }
        "#;
        assert_eq!(
            named(text),
            [
                "tokio::test",
                "crate::pw::Thread",
                "gtk::Label",
                "tokio::select",
                "crate::rt::next",
                "glib::Object"
            ]
        );
    }

    #[test]
    fn inline_modules_count_for_super() {
        let text = "use super::x::Y; mod tests { use super::*; use super::super::a::B; mod deep { use super::Z; } }";
        assert_eq!(named(text), ["super::x::Y", "self", "super::a::B"]);
    }

    #[test]
    fn lines_are_those_of_the_file() {
        let lines: Vec<_> = paths("\nuse a::b;\n\nfn f() {\n    c::d();\n}")
            .unwrap()
            .iter()
            .map(|p| p.line)
            .collect();
        assert_eq!(lines, [2, 5]);
    }
}
