//! Bytes that stand as text: UUIDs, base16, base64.

use crate::copy::error::Reason;
use crate::kind::Encoding;

/// Appends the 16 bytes of a UUID, written with or without its hyphens and braces.
pub(super) fn uuid(text: &[u8], out: &mut Vec<u8>) -> Result<(), Reason> {
    let text = match text {
        [b'{', inner @ .., b'}'] => inner,
        text => text,
    };
    let hyphens = [8, 13, 18, 23];
    let mut digits = [0_u8; 32];
    let mut places = digits.iter_mut();
    for (index, byte) in text.iter().enumerate() {
        if text.len() == 36 && hyphens.contains(&index) {
            if *byte != b'-' {
                return Err(Reason::Uuid);
            }
        } else {
            let place = places.next().ok_or(Reason::Uuid)?;
            *place = hexadecimal(*byte).ok_or(Reason::Uuid)?;
        }
    }
    if places.next().is_some() {
        return Err(Reason::Uuid);
    }
    out.extend(digits.as_chunks::<2>().0.iter().map(|[high, low]| high << 4 | low));
    Ok(())
}

/// Appends the bytes that a text stands for.
pub(super) fn decoded(text: &[u8], encoding: Encoding, out: &mut Vec<u8>) -> Result<(), Reason> {
    match encoding {
        Encoding::Base16 => base16(text, out),
        Encoding::Base64 => base64(text, out),
    }
    .ok_or(Reason::Encoding)
}

fn base16(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let (pairs, rest) = text.as_chunks::<2>();
    for [high, low] in pairs {
        out.push(hexadecimal(*high)? << 4 | hexadecimal(*low)?);
    }
    rest.is_empty().then_some(())
}

/// Both alphabets; padding may be left out, line ends may be there.
fn base64(text: &[u8], out: &mut Vec<u8>) -> Option<()> {
    let end = text.iter().rposition(|byte| !matches!(byte, b'=' | b'\r' | b'\n'));
    let text = text.get(..end.map_or(0, |end| end + 1))?;
    let mut bits = 0_u32;
    let mut held = 0_u32;
    for byte in text.iter().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        let six = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' | b'-' => 62,
            b'/' | b'_' => 63,
            _ => return None,
        };
        bits = bits << 6 | u32::from(six);
        held += 6;
        if held >= 8 {
            held -= 8;
            out.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    // Six bits alone are no byte.
    (held < 6).then_some(())
}

/// The value of a hexadecimal digit.
fn hexadecimal(digit: u8) -> Option<u8> {
    char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok())
}
