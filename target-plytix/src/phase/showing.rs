//! What a product shows and what it should show: pure.

use crate::mapping::workflow::Gallery;
use crate::product::Present;
use crate::wanted::Image;

/// What a product shows and what it should show, as ids of assets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Showing {
    /// The gallery, in order.
    pub gallery: Vec<String>,
    /// The thumbnail, if this target sets it.
    pub thumbnail: Option<String>,
}

impl Showing {
    /// What a product should show, if all its pictures are there; else the first one that is not.
    ///
    /// # Errors
    /// The first picture without an id.
    pub fn wanted<'i>(
        images: &'i [Image],
        settings: &Gallery,
        id: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, &'i Image> {
        let mut gallery: Vec<String> = Vec::new();
        for image in images {
            let id = id(&image.filename).ok_or(image)?;
            if !gallery.contains(&id) {
                gallery.push(id);
            }
        }
        let thumbnail = gallery.first().cloned().filter(|_| settings.thumbnail);
        Ok(Self { gallery, thumbnail })
    }

    /// Whether a product shows it already.
    #[must_use]
    pub fn is_shown(&self, present: Option<&Present>, settings: &Gallery) -> bool {
        let gallery = present.and_then(|present| present.media.get(&settings.gallery));
        let thumbnail = present.and_then(|present| present.thumbnail.as_ref());
        let same = self.thumbnail.is_none() || self.thumbnail.as_ref() == thumbnail;
        same && gallery == Some(&self.gallery)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::phase::tests::present;

    const SETTINGS: &str = r#"{"gallery": "pictures"}"#;

    fn settings() -> Gallery {
        serde_json::from_str(SETTINGS).unwrap()
    }

    fn images(names: &[&str]) -> Vec<Image> {
        let image = |name: &&str| Image { link: "x".to_owned(), filename: (*name).to_owned() };
        names.iter().map(image).collect()
    }

    fn id(name: &str) -> Option<String> {
        (name != "gone").then(|| name.replace("again ", ""))
    }

    #[test]
    fn a_gallery_keeps_its_order_and_shows_no_asset_twice() {
        let images = images(&["b", "a", "again b"]);
        let showing = Showing::wanted(&images, &settings(), id).unwrap();
        assert_eq!(
            (showing.gallery.join(" "), showing.thumbnail.as_deref()),
            ("b a".to_owned(), Some("b"))
        );
    }

    #[test]
    fn a_product_whose_picture_is_missing_is_not_half_shown() {
        let images = images(&["a", "gone"]);
        let missing = Showing::wanted(&images, &settings(), id).unwrap_err();
        assert_eq!(missing.filename, "gone");
    }

    #[test]
    fn what_is_shown_already_is_not_written() {
        let images = images(&["a", "b"]);
        let showing = Showing::wanted(&images, &settings(), id).unwrap();
        let mut product = present(1);
        assert!(
            !showing.is_shown(None, &settings()) && !showing.is_shown(Some(&product), &settings())
        );
        product.media.insert("pictures".to_owned(), vec!["a".to_owned(), "b".to_owned()]);
        assert!(!showing.is_shown(Some(&product), &settings()));
        product.thumbnail = Some("a".to_owned());
        assert!(showing.is_shown(Some(&product), &settings()));
        let plain = Gallery { thumbnail: false, ..settings() };
        let showing = Showing::wanted(&images, &plain, id).unwrap();
        product.thumbnail = Some("another".to_owned());
        assert!(showing.is_shown(Some(&product), &plain));
    }
}
