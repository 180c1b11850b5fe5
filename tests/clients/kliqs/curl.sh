#!/usr/bin/env bash
# Kliqs' API by curl: bash curl.sh SAMPLE [BODY], a sample being one of the functions here.
source "$(dirname "${BASH_SOURCE[0]}")/../curl.sh"

create() {
    curl -X POST "$KLINK_CLIENT_URL/api/v1/links" \
        -H "Authorization: Bearer $KLINK_CLIENT_KEY" \
        -H "Content-Type: application/json" \
        -d '{"url":"https://marketku.id/products/8f3f4f3f-1231-1231-1231"}'
}

# The same call with a body of one's own.
post() {
    curl -X POST "$KLINK_CLIENT_URL/api/v1/links" \
        -H "Authorization: Bearer $KLINK_CLIENT_KEY" \
        -H "Content-Type: application/json" \
        -d "$1"
}

# The body printed for shops.
product() {
    post '{
        "url": "https://marketku.id/products/PRODUCT_UUID",
        "slug": "produk-sepatu-001",
        "title": "Produk Sepatu"
    }'
}

# Every field of the table.
everything() {
    post '{
        "url": "https://marketku.id/products/8f3f4f3f-1231-1231-1231",
        "slug": "vps-murah",
        "title": "VPS Murah",
        "description": "Cheap and fast",
        "expires_at": "2099-12-31T23:59:59Z",
        "password": "rahasia"
    }'
}

# No key at all, by a host that the configuration gives to Kliqs.
without_a_key() {
    curl -X POST "${KLINK_CLIENT_URL/127.0.0.1/kliqs.localhost}/api/v1/links" \
        -H "Content-Type: application/json" \
        -d '{"url":"https://marketku.id/products/8f3f4f3f-1231-1231-1231"}'
}

"$@"
