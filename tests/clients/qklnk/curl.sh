#!/usr/bin/env bash
# qklnk's endpoints by curl: bash curl.sh ENDPOINT [SLUG], an endpoint being a function here.
source "$(dirname "${BASH_SOURCE[0]}")/../curl.sh"

call() {
    curl -H "Authorization: Bearer $KLINK_CLIENT_KEY" \
        -H "Accept: application/json" \
        "$KLINK_CLIENT_URL/api/v1/$1" "${@:2}"
}

send() {
    call "$2" -X "$1" -H "Content-Type: application/json" -d "$3"
}

user() { call user; }
list() { call links; }
get() { call "links/$1"; }
analytics() { call "analytics?days=7"; }
delete() { call "links/$1" -X DELETE; }

create() {
    send POST links '{
        "destination": "https://example.com/page",
        "utm_source": "api",
        "utm_medium": "email",
        "utm_campaign": "winter-sale",
        "utm_content": "body_button",
        "utm_term": "deal",
        "domain": "example.com"
    }'
}

update() {
    send PUT "links/$1" '{
        "destination": "https://example.com/new-page",
        "utm_source": "api",
        "utm_medium": "email",
        "utm_campaign": "updated-campaign",
        "utm_content": "footer_link",
        "utm_term": "promo"
    }'
}

record() {
    send POST events/record '{
        "visitor_id": "v_abc123xyz",
        "event_name": "purchase",
        "revenue": 99.99,
        "name": "Premium Package",
        "metadata": {
            "product_id": "SKU-12345"
        }
    }'
}

# What the printed error is the answer to.
record_nobody() {
    send POST events/record '{"event_name": "purchase"}'
}

"$@"
