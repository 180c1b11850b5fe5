// qklnk's endpoints by fetch: node client.mjs ENDPOINT [SLUG]; prints status and answer.
const BASE_URL = `${process.env.KLINK_CLIENT_URL}/api/v1`;
const HEADERS = {
  Authorization: `Bearer ${process.env.KLINK_CLIENT_KEY}`,
  Accept: 'application/json'
};

const get = (path) => fetch(`${BASE_URL}/${path}`, { headers: HEADERS });
const send = (method, path, body) =>
  fetch(`${BASE_URL}/${path}`, {
    method,
    headers: { ...HEADERS, 'Content-Type': 'application/json' },
    body: JSON.stringify(body)
  });

const ENDPOINTS = {
  user: () => get('user'),
  list: () => get('links'),
  get: (slug) => get(`links/${slug}`),
  analytics: () => get('analytics?days=7'),
  delete: (slug) => fetch(`${BASE_URL}/links/${slug}`, { method: 'DELETE', headers: HEADERS }),
  create: () =>
    send('POST', 'links', {
      destination: 'https://example.com/page',
      utm_source: 'api',
      utm_medium: 'email',
      utm_campaign: 'winter-sale',
      utm_content: 'body_button',
      utm_term: 'deal',
      domain: 'example.com'
    }),
  update: (slug) =>
    send('PUT', `links/${slug}`, {
      destination: 'https://example.com/new-page',
      utm_source: 'api',
      utm_medium: 'email',
      utm_campaign: 'updated-campaign',
      utm_content: 'footer_link',
      utm_term: 'promo'
    }),
  record: () =>
    send('POST', 'events/record', {
      visitor_id: 'v_abc123xyz',
      event_name: 'purchase',
      revenue: 99.99,
      name: 'Premium Package',
      metadata: { product_id: 'SKU-12345' }
    }),
  record_nobody: () => send('POST', 'events/record', { event_name: 'purchase' })
};

const [endpoint, slug] = process.argv.slice(2);
const response = await ENDPOINTS[endpoint](slug);
const text = await response.text();
console.log(JSON.stringify([response.status, text ? JSON.parse(text) : null]));
