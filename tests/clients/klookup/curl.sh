#!/usr/bin/env bash
# Klook Up's API by curl: bash curl.sh SAMPLE [LINK_ID], a sample being one of the functions here.
source "$(dirname "${BASH_SOURCE[0]}")/../curl.sh"

minimal() {
    curl -X POST "$KLINK_CLIENT_URL/api/v1/links" \
        -H "Authorization: Bearer $KLINK_CLIENT_KEY" \
        -H "Content-Type: application/json" \
        -d '{"url":"https://your-site.com/landing","type":"direct"}'
}

direct() {
    curl -X POST "$KLINK_CLIENT_URL/api/v1/links" \
        -H "Authorization: Bearer $KLINK_CLIENT_KEY" \
        -H "Content-Type: application/json" \
        -d '{
            "url": "https://example.com/article",
            "type": "direct",
            "title": "Read the full article"
        }'
}

inpage() {
    curl -X POST "$KLINK_CLIENT_URL/api/v1/links" \
        -H "Authorization: Bearer $KLINK_CLIENT_KEY" \
        -H "Content-Type: application/json" \
        -d '{
            "url": "https://example.com/file.zip",
            "type": "inpage",
            "post_id": "post_789",
            "title": "Download our app",
            "description": "Verified safe by Klook Up",
            "site_url": "https://yoursite.com/downloads"
        }'
}

guide() {
    curl -X POST "$KLINK_CLIENT_URL/api/v1/links" \
        -H "Authorization: Bearer $KLINK_CLIENT_KEY" \
        -H "Content-Type: application/json" \
        -d '{
            "url": "https://example.com/sensitive-download.zip",
            "type": "inpage",
            "post_id": "post_42",
            "title": "Download: Example App v2.0",
            "description": "This file has been verified safe by our team."
        }'
}

# The snippet among the code examples, which names no post.
snippet() {
    curl -X POST "$KLINK_CLIENT_URL/api/v1/links" \
        -H "Authorization: Bearer $KLINK_CLIENT_KEY" \
        -H "Content-Type: application/json" \
        -d '{
            "url": "https://your-destination.com",
            "type": "inpage",
            "title": "Visit our partner site",
            "description": "This link has been reviewed by our team."
        }'
}

list() {
    curl "$KLINK_CLIENT_URL/api/v1/links?page=1&limit=20" \
        -H "Authorization: Bearer $KLINK_CLIENT_KEY"
}

get() {
    curl "$KLINK_CLIENT_URL/api/v1/links/$1" \
        -H "Authorization: Bearer $KLINK_CLIENT_KEY"
}

# This request is printed without /v1.
update() {
    curl -X PUT "$KLINK_CLIENT_URL/api/links/$1" \
        -H "Authorization: Bearer $KLINK_CLIENT_KEY" \
        -H "Content-Type: application/json" \
        -d '{
            "title": "Updated article title",
            "is_active": 1,
            "expires_at": "2026-06-30T23:59:59Z"
        }'
}

delete() {
    curl -X DELETE "$KLINK_CLIENT_URL/api/v1/links/$1" \
        -H "Authorization: Bearer $KLINK_CLIENT_KEY"
}

# No key at all, by a host that the configuration gives to Klook Up.
without_a_key() {
    curl -X POST "${KLINK_CLIENT_URL/127.0.0.1/klookup.localhost}/api/v1/links" \
        -H "Content-Type: application/json" \
        -d '{"url":"https://your-site.com/landing","type":"direct"}'
}

"$@"
