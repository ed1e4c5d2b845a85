//! Text with places for values: `AMZN-{marketplace_id|marketplaces}-{asin}`.

/// A piece of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part<V> {
    /// Text that stays.
    Text(String),
    /// The place of a value.
    Value(V),
}

impl<V> Part<V> {
    /// The same piece with another kind of place.
    ///
    /// # Errors
    /// Whatever `map` says.
    pub fn try_map<W, E>(self, map: impl FnOnce(V) -> Result<W, E>) -> Result<Part<W>, E> {
        match self {
            Self::Text(text) => Ok(Part::Text(text)),
            Self::Value(value) => map(value).map(Part::Value),
        }
    }
}

/// Takes a template apart; what stands between braces is given as it is written.
///
/// # Errors
/// What is expected instead, as the end of a sentence.
pub fn parts(template: &str) -> Result<Vec<Part<&str>>, String> {
    let mut parts = Vec::new();
    let mut rest = template;
    while !rest.is_empty() {
        let (text, after) =
            rest.split_once('{').map_or((rest, None), |(text, after)| (text, Some(after)));
        if text.contains('}') {
            return Err("a `{` before every `}`".to_owned());
        }
        if !text.is_empty() {
            parts.push(Part::Text(text.to_owned()));
        }
        let Some(after) = after else { break };
        let (value, after) = after.split_once('}').ok_or("a `}` after every `{`")?;
        parts.push(Part::Value(value));
        rest = after;
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_template_is_text_and_places() {
        assert_eq!(
            parts("A-{x|t}-{y}{z}").unwrap(),
            [
                Part::Text("A-".to_owned()),
                Part::Value("x|t"),
                Part::Text("-".to_owned()),
                Part::Value("y"),
                Part::Value("z"),
            ]
        );
        assert_eq!(parts("").unwrap(), []);
    }

    #[test]
    fn braces_that_do_not_match_are_refused() {
        for template in ["{a", "a}", "{a}}", "a{"] {
            parts(template).unwrap_err();
        }
    }
}
