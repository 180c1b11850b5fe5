<?php
// Klinky's PHP sample: make a link that goes by the visitor's country.
$apiKey = getenv('KLINK_CLIENT_KEY');
$baseUrl = getenv('KLINK_CLIENT_URL') . '/api/v1';

$ch = curl_init("$baseUrl/public/links");
curl_setopt($ch, CURLOPT_POST, true);
curl_setopt($ch, CURLOPT_HTTPHEADER, [
    "X-API-Key: $apiKey",
    'Content-Type: application/json'
]);
curl_setopt($ch, CURLOPT_POSTFIELDS, json_encode([
    'name' => 'Regional Store Test',
    'slug' => 'store-test',
    'routing_type' => 'geo',
    'variants' => [
        ['label' => 'us_store', 'destination_url' => 'https://us.example.com', 'weight' => 50],
        ['label' => 'eu_store', 'destination_url' => 'https://eu.example.com', 'weight' => 50]
    ],
    'geo_rules' => [
        'US' => 'us_store',
        'CA' => 'us_store',
        'DE' => 'eu_store',
        'FR' => 'eu_store',
        'default' => 'us_store'
    ]
]));
curl_setopt($ch, CURLOPT_RETURNTRANSFER, true);

$response = curl_exec($ch);
$link = json_decode($response, true);
echo "Created geo-routed link: klinky.io/{$link['slug']}\n";
curl_close($ch);
?>
