#!/usr/bin/env bash
# Klinky's guide by curl: bash curl.sh SAMPLE [LINK_ID], a sample being one of the functions here.
source "$(dirname "${BASH_SOURCE[0]}")/../curl.sh"

quick_win() {
    API_KEY="$KLINK_CLIENT_KEY"
    curl -X POST "$KLINK_CLIENT_URL/api/v1/public/links" \
        -H "X-API-Key: $API_KEY" \
        -H "Content-Type: application/json" \
        -d '{
            "name": "Homepage Headline Test",
            "slug": "homepage-test",
            "variants": [
                {
                    "label": "control",
                    "destination_url": "https://example.com/home",
                    "weight": 50
                },
                {
                    "label": "new_headline",
                    "destination_url": "https://example.com/home-v2",
                    "weight": 50
                }
            ]
        }'
}

authentication() {
    curl -H "X-API-Key: $KLINK_CLIENT_KEY" \
        "$KLINK_CLIENT_URL/api/v1/public/links"
}

create() {
    curl -X POST "$KLINK_CLIENT_URL/api/v1/public/links" \
        -H "X-API-Key: $KLINK_CLIENT_KEY" \
        -H "Content-Type: application/json" \
        -d '{
            "name": "Campaign Test",
            "slug": "campaign-test",
            "variants": [
                {"label": "a", "destination_url": "https://a.com", "weight": 50},
                {"label": "b", "destination_url": "https://b.com", "weight": 50}
            ]
        }'
}

list() {
    curl "$KLINK_CLIENT_URL/api/v1/public/links" \
        -H "X-API-Key: $KLINK_CLIENT_KEY"
}

clicks() {
    curl "$KLINK_CLIENT_URL/api/v1/public/links/$1/clicks" \
        -H "X-API-Key: $KLINK_CLIENT_KEY"
}

# The body is a placeholder, sent as it is printed.
placeholder() {
    curl -X POST "$KLINK_CLIENT_URL/api/v1/public/links" \
        -H "X-API-Key: $KLINK_CLIENT_KEY" \
        -H "Idempotency-Key: unique-key-$(date +%s)" \
        -H "Content-Type: application/json" \
        -d '{...}'
}

# The same call with a body in the placeholder's place, and a second time, as after a lost answer.
retry() {
    local unique
    unique="Idempotency-Key: unique-key-$(date +%s)"
    for _ in first again; do
        curl -X POST "$KLINK_CLIENT_URL/api/v1/public/links" \
            -H "X-API-Key: $KLINK_CLIENT_KEY" \
            -H "$unique" \
            -H "Content-Type: application/json" \
            -d '{
                "name": "Retried Test",
                "variants": [
                    {"label": "a", "destination_url": "https://a.com", "weight": 100}
                ]
            }'
    done
}

"$@"
