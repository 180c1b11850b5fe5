<?php
// Klook Up's PHP sample: an in-page link. With an argument, that is the post's id.
function klookup_create_link(string $apiKey, array $payload): array {
    $ch = curl_init(getenv('KLINK_CLIENT_URL') . '/api/v1/links');
    curl_setopt_array($ch, [
        CURLOPT_RETURNTRANSFER => true,
        CURLOPT_POST => true,
        CURLOPT_POSTFIELDS => json_encode($payload),
        CURLOPT_HTTPHEADER => [
            "Authorization: Bearer $apiKey",
            "Content-Type: application/json",
        ],
        CURLOPT_TIMEOUT => 10,
    ]);
    $body = curl_exec($ch);
    $status = curl_getinfo($ch, CURLINFO_HTTP_CODE);
    curl_close($ch);

    $json = json_decode($body, true);
    if ($status >= 400 || !$json['success']) {
        throw new RuntimeException($json['error'] ?? 'API error');
    }
    return $json['data'];
}

$link = klookup_create_link(getenv('KLINK_CLIENT_KEY'), [
    'url' => 'https://example.com/download',
    'type' => 'inpage',
    'title' => 'Download our software',
    'description' => 'Verified safe by our security team.',
] + (isset($argv[1]) ? ['post_id' => $argv[1]] : []));

echo $link['short_url'];
