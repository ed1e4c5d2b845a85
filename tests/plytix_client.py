"""Reads from Plytix with plytix-pim-client, and prints what it has found as one JSON object."""

import json

from plytix_pim_client.client import PlytixSync
from plytix_pim_client.dtos.filters import OperatorEnum, SearchFilter

plytix = PlytixSync()


def search(products, field, operator, value, attributes=()):
    condition = SearchFilter(field=field, operator=operator, value=value)
    # It orders every search; by what is compared, which every kind of thing here can be ordered by.
    pages = products([[condition]], list(attributes), [], field, True, 100)
    return [row for page in pages for row in (page if isinstance(page, list) else [page])]


def one(sku):
    rows = search(plytix.products.search_all_products, "sku", OperatorEnum.EQUALS, sku)
    return plytix.products.get_product(rows[0].id)


def related(product, label):
    for entry in product.relationships:
        if entry["relationship_label"] == label:
            return [plytix.products.get_product(it["product_id"]).sku for it in entry["related_products"]]
    return []


child = one("AMZN-US-B07CHILD01")
families = search(plytix.products.families.search_all_families, "name", OperatorEnum.EQUALS, "8 - Amazon", ["name"])
print(
    json.dumps(
        {
            "products": len(search(plytix.products.search_all_products, "sku", OperatorEnum.CONTAINS, "AMZN-US-")),
            "child": {
                "sku": child.sku,
                "attributes": {k: v for k, v in child.attributes.items() if isinstance(v, str)},
                "gallery": [asset["filename"] for asset in child.attributes["amazon_images"]],
                "assets": [asset.filename for asset in plytix.products.assets.get_product_assets(child.id)],
                "family": families[0].name if families[0].id == child.product_family_id else None,
            },
            "children": len(related(one("AMZN-US-B09PARENT0"), "amazon_hierarchy")),
            "listings": sorted(related(one("MCA0032"), "amazon_listings")),
            "assets": len(search(plytix.assets.search_all_assets, "filename", OperatorEnum.CONTAINS, "amazon_61pic", ["filename"])),
        }
    )
)
