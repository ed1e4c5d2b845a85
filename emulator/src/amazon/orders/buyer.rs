//! The people who buy. Nobody of them exists.

use crate::amazon::order::Order;
use crate::random::Random;

/// One buyer.
#[derive(Debug)]
pub(crate) struct Person {
    /// First and last name.
    pub(crate) name: String,
    /// Amazon's stand-in for the address.
    pub(crate) email: String,
    /// The company, of a business order.
    pub(crate) company: Option<String>,
    /// House and street.
    pub(crate) street: String,
    /// Telephone number.
    pub(crate) phone: String,
}

const FIRST: &[&str] = &["Ana", "Björn", "Chloé", "Dilek", "健太", "Zoë"];
const LAST: &[&str] = &["Müller", "O'Brien", "Yılmaz", "García", "佐藤", "Smith-Jones"];

impl Person {
    /// The buyer of `order`, from the numbers of `random`.
    pub(crate) fn new(mut random: Random, order: &Order) -> Self {
        let name = format!("{} {}", random.pick(FIRST), random.pick(LAST));
        let letters = b"abcdefghijklmnopqrstuvwxyz0123456789";
        let host = order.marketplace.domain.trim_start_matches("www.");
        Self {
            email: format!("{}@marketplace.{host}", random.text(letters, 14)),
            company: order.is_business.then(|| format!("{} & Sons, Inc.", random.pick(LAST))),
            street: format!("{} Example Street", random.between(1, 300)),
            phone: format!("+1 555-01{}", random.between(10, 99)),
            name,
        }
    }
}
