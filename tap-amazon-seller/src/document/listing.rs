//! The column names of listing reports in the languages that Amazon writes them in.
//!
//! Amazon is asked for English, but answers from a cache that may hold another language. Names are
//! looked up one by one; where the document has the usual order of columns, the place of a column
//! helps with names that are unknown, damaged or used twice.

use crate::record::fold;

/// The usual order of columns. Documents of 27 and 28 columns end earlier, longer ones go on.
const LAYOUT: [&str; 29] = [
    "item-name",
    "item-description",
    "listing-id",
    "seller-sku",
    "price",
    "quantity",
    "open-date",
    "image-url",
    "item-is-marketplace",
    "product-id-type",
    "zshop-shipping-fee",
    "item-note",
    "item-condition",
    "zshop-category1",
    "zshop-browse-path",
    "zshop-storefront-feature",
    "asin1",
    "asin2",
    "asin3",
    "will-ship-internationally",
    "expedited-shipping",
    "zshop-boldface",
    "product-id",
    "bid-for-featured-placement",
    "add-delete",
    "pending-quantity",
    "fulfillment-channel",
    "merchant-shipping-group",
    "status",
];

/// Columns outside the layout that some marketplaces have.
const FURTHER: [&str; 2] = ["Minimum order quantity", "Sell remainder"];

/// The fewest columns that a document of the usual layout has.
const SHORTEST_LAYOUT: usize = 27;

/// Names by language, with the English name of the column. Names as public readers of these
/// reports have met them. Chinese has one name for two columns and one for eight: those are not
/// here and are told apart by their places. Turkish adds its word to the English name in brackets.
const NAMES: &[(&str, &str)] = &[
    // German.
    ("Artikelbezeichnung", "item-name"),
    ("Artikelbeschreibung", "item-description"),
    ("Angebotsnummer", "listing-id"),
    ("Händler-SKU", "seller-sku"),
    ("Preis", "price"),
    ("Menge", "quantity"),
    ("Erstellungsdatum", "open-date"),
    ("Artikel ist Marketplace-Angebot", "item-is-marketplace"),
    ("Produkt-ID-Typ", "product-id-type"),
    ("Anmerkung zum Artikel", "item-note"),
    ("Artikelzustand", "item-condition"),
    ("Internationaler Versand", "will-ship-internationally"),
    ("Expressversand", "expedited-shipping"),
    ("Produkt-ID", "product-id"),
    ("Versender", "fulfillment-channel"),
    ("Händlerversandgruppe", "merchant-shipping-group"),
    ("Mindestbestellmenge", "Minimum order quantity"),
    ("Restposten verkaufen", "Sell remainder"),
    ("Anzahl Bestellungen", "pending-quantity"),
    ("hinzufügen-löschen", "add-delete"),
    // French.
    ("nom-produit", "item-name"),
    ("description-article", "item-description"),
    ("id-offre", "listing-id"),
    ("sku-vendeur", "seller-sku"),
    ("prix", "price"),
    ("quantité", "quantity"),
    ("date-ouverture", "open-date"),
    ("type-id-produit", "product-id-type"),
    ("note-état-article", "item-note"),
    ("état-produit", "item-condition"),
    ("expédition-international", "will-ship-internationally"),
    ("livraison-express", "expedited-shipping"),
    ("id-produit", "product-id"),
    ("canal-traitement", "fulfillment-channel"),
    ("groupe-expédition-vendeur", "merchant-shipping-group"),
    ("état", "status"),
    ("Vendre le stock restant", "Sell remainder"),
    // Italian.
    ("Nome dell'articolo", "item-name"),
    ("Descrizione dell'articolo", "item-description"),
    ("Numero offerta", "listing-id"),
    ("SKU venditore", "seller-sku"),
    ("Prezzo", "price"),
    ("Quantità", "quantity"),
    ("Data di creazione", "open-date"),
    ("Articolo per la vendita", "item-is-marketplace"),
    ("Tipo di identificativo del prodotto", "product-id-type"),
    ("Note sull'articolo", "item-note"),
    ("Condizione dell'articolo", "item-condition"),
    ("Spedizione internazionale", "will-ship-internationally"),
    ("Spedizione Express", "expedited-shipping"),
    ("Identificativo del prodotto", "product-id"),
    ("Aggiungi o elimina", "add-delete"),
    ("Quantità in sospeso", "pending-quantity"),
    ("Canale di gestione", "fulfillment-channel"),
    ("gruppo-spedizione-venditore", "merchant-shipping-group"),
    ("stato", "status"),
    ("Quantità minima per ordine", "Minimum order quantity"),
    ("Vendi rimanenze", "Sell remainder"),
    // Spanish.
    ("Título del producto", "item-name"),
    ("Descripción del producto", "item-description"),
    ("Identificador del listing", "listing-id"),
    ("SKU del vendedor", "seller-sku"),
    ("Precio", "price"),
    ("Cantidad", "quantity"),
    ("Fecha de creación", "open-date"),
    ("Producto para vender", "item-is-marketplace"),
    ("Tipo de identificador de producto", "product-id-type"),
    ("Nota sobre el producto", "item-note"),
    ("Estado del producto", "item-condition"),
    ("Envío internacional", "will-ship-internationally"),
    ("Envío urgente", "expedited-shipping"),
    ("Identificador del producto", "product-id"),
    ("Añadir o eliminar", "add-delete"),
    ("Cantidad pendiente", "pending-quantity"),
    ("Canal de gestión logística", "fulfillment-channel"),
    ("estado", "status"),
    ("Cantidad de pedido mínima", "Minimum order quantity"),
    ("Vender las unidades restantes", "Sell remainder"),
    // Polish.
    ("nazwa-produktu", "item-name"),
    ("opis-produktu", "item-description"),
    ("identyfikator-oferty", "listing-id"),
    ("sku-sprzedawcy", "seller-sku"),
    ("cena", "price"),
    ("ilość", "quantity"),
    ("data-otwarcia", "open-date"),
    ("produkt-jest-(na)rynku", "item-is-marketplace"),
    ("typ-identyfikatora-produktu", "product-id-type"),
    ("uwaga-o-produkcie", "item-note"),
    ("stan-produktu", "item-condition"),
    ("wysyłka-międzynarodowa", "will-ship-internationally"),
    ("przyspieszona-wysyłka", "expedited-shipping"),
    ("identyfikator-produktu", "product-id"),
    ("dodaj-usuń", "add-delete"),
    ("ilość-oczekująca", "pending-quantity"),
    ("kanał-realizacji", "fulfillment-channel"),
    ("grupa-wysyłki-sprzedawcy", "merchant-shipping-group"),
    ("Maksymalna liczba zamówionych produktów", "Minimum order quantity"),
    ("Pozostało do sprzedaży", "Sell remainder"),
    // Turkish.
    ("durum", "status"),
    ("Minimum sipariş adedi", "Minimum order quantity"),
    ("Elde kalanı sat", "Sell remainder"),
    // Japanese.
    ("商品名", "item-name"),
    ("出品ID", "listing-id"),
    ("出品者SKU", "seller-sku"),
    ("価格", "price"),
    ("数量", "quantity"),
    ("出品日", "open-date"),
    ("商品IDタイプ", "product-id-type"),
    ("コンディション説明", "item-note"),
    ("コンディション", "item-condition"),
    ("国外へ配送可", "will-ship-internationally"),
    ("迅速な配送", "expedited-shipping"),
    ("商品ID", "product-id"),
    ("在庫数", "pending-quantity"),
    ("フルフィルメント・チャンネル", "fulfillment-channel"),
    ("ステータス", "status"),
    ("ポイント", "points"),
    // Chinese.
    ("商品名称", "item-name"),
    ("商品描述", "item-description"),
    ("卖家 SKU", "seller-sku"),
    ("价格", "price"),
    ("开售日期", "open-date"),
    ("是否为商城中的商品", "item-is-marketplace"),
    ("商品编码类型", "product-id-type"),
    ("商品备注", "item-note"),
    ("商品状况", "item-condition"),
    ("国际配送", "will-ship-internationally"),
    ("加急配送", "expedited-shipping"),
    ("添加-删除", "add-delete"),
    ("等待购买数量", "pending-quantity"),
    ("配送渠道", "fulfillment-channel"),
    ("卖家配送组", "merchant-shipping-group"),
    ("状态", "status"),
    // Arabic.
    ("اسم-المنتج", "item-name"),
    ("وصف-المنتج", "item-description"),
    ("رقم-العرض", "listing-id"),
    ("sku-البائع", "seller-sku"),
    ("السعر", "price"),
    ("الكمية", "quantity"),
    ("تاريخ-مفتوح", "open-date"),
    ("منتج-سوق-البيع", "item-is-marketplace"),
    ("نوع-رقم-المنتج", "product-id-type"),
    ("ملاحظة-المنتج", "item-note"),
    ("حالة-المنتج", "item-condition"),
    ("للشحن-الدولي", "will-ship-internationally"),
    ("شحن-مستعجل", "expedited-shipping"),
    ("رقم-المنتج", "product-id"),
    ("إضافة-حذف", "add-delete"),
    ("كمية-منتظرة", "pending-quantity"),
    ("قناة-الشحن", "fulfillment-channel"),
    ("الحالة", "status"),
];

/// The English names of a listing report's columns; a name that stays unknown stays as it is.
pub(crate) fn english(names: &[String]) -> Vec<String> {
    let dictionary: Vec<(String, &'static str)> = NAMES
        .iter()
        .map(|(name, english)| (fold(name), *english))
        .chain(LAYOUT.into_iter().chain(FURTHER).map(|english| (fold(english), english)))
        .collect();
    let mut found: Vec<Option<&'static str>> = Vec::with_capacity(names.len());
    for name in names {
        let english = translation(&dictionary, name);
        let is_new = english.is_some() && !found.contains(&english);
        found.push(english.filter(|_| is_new));
    }
    if has_usual_layout(&found) {
        for (index, english) in LAYOUT.into_iter().enumerate() {
            if !found.contains(&Some(english))
                && let Some(unknown @ None) = found.get_mut(index)
            {
                *unknown = Some(english);
            }
        }
    }
    guess_sku(names, &mut found);
    names
        .iter()
        .zip(found)
        .map(|(name, english)| english.map_or_else(|| name.clone(), str::to_owned))
        .collect()
}

/// The English name of a column, by its name alone.
fn translation(dictionary: &[(String, &'static str)], name: &str) -> Option<&'static str> {
    let exact = |name: &str| {
        let folded = fold(name);
        dictionary.iter().find(|(known, _)| *known == folded).map(|(_, english)| *english)
    };
    let bilingual = || name.split_once(" (").and_then(|(english, _)| exact(english));
    exact(name).or_else(bilingual).or_else(|| repaired(dictionary, name))
}

/// The English name of a column whose letters beyond ASCII were damaged on the way.
///
/// Seen as `H?ndler-SKU` and `Quantit?`. At least one letter must have survived, and all names that
/// fit must mean the same column.
fn repaired(dictionary: &[(String, &'static str)], name: &str) -> Option<&'static str> {
    let is_damage = |letter: char| matches!(letter, '?' | char::REPLACEMENT_CHARACTER);
    let damaged = fold(name);
    if !damaged.contains(is_damage) || damaged.chars().all(is_damage) {
        return None;
    }
    let fits = |known: &str| {
        known.chars().count() == damaged.chars().count()
            && known
                .chars()
                .zip(damaged.chars())
                .all(|(letter, seen)| letter == seen || (is_damage(seen) && !letter.is_ascii()))
    };
    let mut fitting = dictionary.iter().filter(|(known, _)| fits(known)).map(|(_, name)| *name);
    let first = fitting.next()?;
    fitting.all(|other| other == first).then_some(first)
}

/// Whether every column that is known stands where the usual layout has it, and there are some.
fn has_usual_layout(found: &[Option<&'static str>]) -> bool {
    let mut known = LAYOUT.iter().zip(found).filter(|(_, english)| english.is_some()).peekable();
    found.len() >= SHORTEST_LAYOUT
        && known.peek().is_some()
        && known.all(|(usual, english)| Some(*usual) == *english)
}

/// Takes the one unknown name that speaks of a SKU for the seller's SKU, if nothing else is.
fn guess_sku(names: &[String], found: &mut [Option<&'static str>]) {
    const SKU: &str = "seller-sku";
    if found.contains(&Some(SKU)) {
        return;
    }
    let mut candidates = found
        .iter_mut()
        .zip(names)
        .filter(|(english, name)| english.is_none() && fold(name).contains("sku"));
    if let (Some((english, _)), None) = (candidates.next(), candidates.next()) {
        *english = Some(SKU);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn translated(names: &[&str]) -> Vec<String> {
        english(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn names_of_every_language_are_translated_one_by_one() {
        for (name, english) in NAMES {
            assert_eq!(translated(&[name]), [*english], "{name}");
        }
        assert_eq!(
            translated(&["Fulfillment_Channel", "ASIN 1"]),
            ["fulfillment-channel", "asin1"]
        );
        assert_eq!(translated(&["seller-sku (satıcı sku)", "x (y)"]), ["seller-sku", "x (y)"]);
    }

    #[test]
    fn the_dictionary_has_one_meaning_for_each_name() {
        for (name, english) in NAMES {
            let same = NAMES.iter().filter(|(other, _)| fold(other) == fold(name));
            assert_eq!(same.map(|(_, english)| english).collect::<Vec<_>>(), [english], "{name}");
        }
    }

    #[test]
    fn a_column_is_found_once_and_its_namesake_keeps_its_own_name() {
        assert_eq!(translated(&["Preis", "SKU x", "prix"]), ["price", "seller-sku", "prix"]);
    }

    #[test]
    fn damaged_letters_are_made_good_by_the_rest_of_the_name() {
        assert_eq!(
            translated(&["H?ndler-SKU", "Quantit\u{fffd}", "prix"]),
            ["seller-sku", "quantity", "price"]
        );
        assert_eq!(translated(&["??", "item?"]), ["??", "item?"]);
    }

    #[test]
    fn the_place_tells_columns_of_one_name_apart() {
        let chinese = [
            "商品名称",
            "商品描述",
            "商品编码",
            "卖家 SKU",
            "价格",
            "数量",
            "开售日期",
            "不适用项目",
            "是否为商城中的商品",
            "商品编码类型",
            "不适用项目",
            "商品备注",
            "商品状况",
            "不适用项目",
            "不适用项目",
            "不适用项目",
            "ASIN1",
            "不适用项目",
            "不适用项目",
            "国际配送",
            "加急配送",
            "不适用项目",
            "商品编码",
            "不适用项目",
            "添加-删除",
            "等待购买数量",
            "配送渠道",
            "卖家配送组",
            "状态",
        ];
        assert_eq!(translated(&chinese), LAYOUT);
        assert_eq!(translated(&chinese[..27]), LAYOUT[..27]);
        let mut swapped = chinese;
        swapped.swap(4, 5);
        assert_eq!(translated(&swapped)[2], "商品编码");
    }

    #[test]
    fn an_unknown_language_still_has_its_sku() {
        assert_eq!(translated(&["Naam", "Verkoper-SKU"]), ["Naam", "seller-sku"]);
        assert_eq!(translated(&["SKU a", "SKU b"]), ["SKU a", "SKU b"]);
    }
}
