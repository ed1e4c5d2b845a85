//! What a fault does.

use serde_json::Value;
use std::time::Duration;

/// One thing that goes wrong.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Effect {
    /// The call is refused with a status.
    Refuse(Refuse),
    /// The type's own quota is used up: 429.
    Quota,
    /// The connection is closed without an answer, and nothing is done.
    Drop,
    /// The call is performed, and its answer is lost.
    Lose(Loss),
    /// The access token of the call dies, with the call.
    Token(Death),
    /// The refresh token is refused.
    InvalidGrant,
    /// The access token that is given out lives no longer than this, in scaled time, whatever is
    /// said of its life.
    TokenLife(Duration),
    /// The presigned address dies, with the download.
    Expired,
    /// The answer comes this much later, in scaled time.
    Delay(Duration),
    /// The download ends after this many bytes, or before its last byte if it is shorter.
    Cut(u64),
    /// The download comes with this many bytes a second of scaled time.
    Pace(f64),
    /// The report ends without data.
    End(Ending),
    /// The report stays `IN_PROGRESS`.
    Stuck,
    /// The report takes this many times its usual time.
    Takes(f64),
    /// Sales and traffic: traffic has not arrived, and the by-ASIN list is empty.
    LateDay,
    /// Sales and traffic: the figures have been corrected.
    Restated,
    /// The token of the next page is that of this page.
    RepeatToken,
}

/// A refusal, in the vendor's published shape.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refuse {
    /// HTTP status.
    pub(crate) status: u16,
    /// Whether `x-amzn-RateLimit-Limit` is there, which Amazon leaves out of a 429.
    pub(crate) has_rate: bool,
    /// Whether the body is the gateway's page instead of Amazon's JSON.
    pub(crate) is_html: bool,
    /// Amazon's `code`; the usual one if none is given.
    pub(crate) code: Option<String>,
    /// Amazon's `message`; the usual one if none is given.
    pub(crate) message: Option<String>,
}

impl Refuse {
    /// The plain refusal with `status`.
    pub(super) fn with(status: u16) -> Self {
        Self { status, has_rate: false, is_html: false, code: None, message: None }
    }
}

/// How an answer is lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Loss {
    /// The answer is a 500.
    Error,
    /// There is none.
    Drop,
}

/// How an access token dies before its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Death {
    /// It is called expired.
    Expired,
    /// It is called revoked, malformed or invalid.
    Revoked,
}

/// How a report ends without data.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Ending {
    /// `CANCELLED`, without a document.
    Cancelled,
    /// `FATAL`, with a document that says why, or without one.
    Fatal(Option<Reason>),
}

/// The document of a report that is `FATAL`.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Reason {
    /// What it says.
    pub(crate) content: Content,
    /// Whether it is compressed, and said to be.
    pub(crate) is_gzip: bool,
}

/// What a [`Reason`] says.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Content {
    /// Plain text.
    Text(String),
    /// JSON.
    Json(Value),
}

/// What can go wrong only once with one call: of two effects on it the first counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Aspect {
    Answer,
    Delay,
    TokenLife,
    Length,
    Pace,
    Ending,
    Making,
    Figures,
    Pages,
}

/// When it is decided whether an effect is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Stage {
    /// With the call.
    Call,
    /// When it is certain that the call will be performed.
    Performance,
}

impl Effect {
    /// The fault's name in the journal.
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Refuse(refuse) => match refuse.status {
                400 => "400",
                403 => "403",
                404 => "404",
                429 => "429",
                500 => "500",
                _ => "503",
            },
            Self::Quota => "quota",
            Self::Drop => "drop",
            Self::Lose(_) => "lost_create",
            Self::Token(_) | Self::TokenLife(_) => "token",
            Self::InvalidGrant => "invalid_grant",
            Self::Expired => "expired",
            Self::Delay(_) => "delay",
            Self::Cut(_) => "cut",
            Self::Pace(_) => "slow",
            Self::End(Ending::Cancelled) => "cancelled",
            Self::End(Ending::Fatal(_)) => "fatal",
            Self::Stuck => "stuck",
            Self::Takes(_) => "slow_report",
            Self::LateDay => "late_day",
            Self::Restated => "restated",
            Self::RepeatToken => "repeat_token",
        }
    }

    fn aspect(&self) -> Aspect {
        match self {
            Self::Refuse(_)
            | Self::Quota
            | Self::Drop
            | Self::Lose(_)
            | Self::Token(_)
            | Self::InvalidGrant
            | Self::Expired => Aspect::Answer,
            Self::TokenLife(_) => Aspect::TokenLife,
            Self::Delay(_) => Aspect::Delay,
            Self::Cut(_) => Aspect::Length,
            Self::Pace(_) => Aspect::Pace,
            Self::End(_) => Aspect::Ending,
            Self::Stuck | Self::Takes(_) => Aspect::Making,
            Self::LateDay | Self::Restated => Aspect::Figures,
            Self::RepeatToken => Aspect::Pages,
        }
    }

    /// When it is decided whether it is played.
    pub(super) fn stage(&self) -> Stage {
        match self.aspect() {
            Aspect::Answer | Aspect::Delay => Stage::Call,
            _ => Stage::Performance,
        }
    }
}

/// What becomes of one call: nothing unusual, unless effects say otherwise.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Verdict {
    effects: Vec<Effect>,
}

/// What becomes of a report, decided when it is asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Course {
    /// How it ends, instead of the way it would.
    pub(crate) ending: Option<Ending>,
    /// Whether it stays `IN_PROGRESS`.
    pub(crate) is_stuck: bool,
    /// How many times its usual time it takes.
    pub(crate) takes: Option<f64>,
    /// Whether the traffic of its days has not arrived.
    pub(crate) is_late: bool,
    /// Whether the figures of its days have been corrected.
    pub(crate) is_restated: bool,
}

impl Verdict {
    /// Adds an effect, unless there is one already on the same aspect of the call.
    pub(super) fn add(&mut self, effect: Effect) {
        if !self.effects.iter().any(|it| it.aspect() == effect.aspect()) {
            self.effects.push(effect);
        }
    }

    /// Adds an effect if there is one.
    pub(super) fn extend(&mut self, effect: Option<Effect>) {
        if let Some(effect) = effect {
            self.add(effect);
        }
    }

    /// True if an effect decides the answer.
    pub(super) fn has_answer(&self) -> bool {
        self.effects.iter().any(|it| it.aspect() == Aspect::Answer)
    }

    /// True if the call is not performed.
    pub(super) fn prevents(&self) -> bool {
        self.has_answer() && self.loss().is_none()
    }

    /// The names of all effects, for the journal.
    pub(crate) fn names(&self) -> Option<String> {
        let names: Vec<&str> = self.effects.iter().map(Effect::name).collect();
        (!names.is_empty()).then(|| names.join("+"))
    }

    /// Every effect.
    pub(crate) fn effects(&self) -> &[Effect] {
        &self.effects
    }

    fn find<T>(&self, pick: impl Fn(&Effect) -> Option<T>) -> Option<T> {
        self.effects.iter().find_map(pick)
    }

    /// How the answer is lost, if it is.
    pub(crate) fn loss(&self) -> Option<Loss> {
        self.find(|it| if let Effect::Lose(loss) = it { Some(*loss) } else { None })
    }

    /// True if the client hears nothing.
    pub(crate) fn is_silent(&self) -> bool {
        self.find(|it| matches!(it, Effect::Drop | Effect::Lose(Loss::Drop)).then_some(()))
            .is_some()
    }

    /// True if the token of the next page is that of this page.
    pub(crate) fn repeats(&self) -> bool {
        self.effects.contains(&Effect::RepeatToken)
    }

    /// How much later the answer comes, in scaled time.
    pub(crate) fn delay(&self) -> Option<Duration> {
        self.find(|it| if let Effect::Delay(delay) = it { Some(*delay) } else { None })
    }

    /// What becomes of the report that is asked for.
    pub(crate) fn course(&self) -> Course {
        let mut course = Course::default();
        for effect in &self.effects {
            match effect {
                Effect::End(ending) => course.ending = Some(ending.clone()),
                Effect::Stuck => course.is_stuck = true,
                Effect::Takes(times) => course.takes = Some(*times),
                Effect::LateDay => course.is_late = true,
                Effect::Restated => course.is_restated = true,
                _ => {}
            }
        }
        course
    }
}
