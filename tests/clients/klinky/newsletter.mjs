// Klinky's JavaScript sample: make a link with two variants, then fetch its clicks.
const API_KEY = process.env.KLINK_CLIENT_KEY;
const BASE_URL = `${process.env.KLINK_CLIENT_URL}/api/v1`;

const createLink = async () => {
  const response = await fetch(`${BASE_URL}/public/links`, {
    method: 'POST',
    headers: {
      'X-API-Key': API_KEY,
      'Content-Type': 'application/json'
    },
    body: JSON.stringify({
      name: 'Newsletter Signup Test',
      slug: 'newsletter-test',
      variants: [
        { label: 'short_form', destination_url: 'https://example.com/quick-signup', weight: 50 },
        { label: 'long_form', destination_url: 'https://example.com/full-signup', weight: 50 }
      ]
    })
  });
  const link = await response.json();
  console.log(`Created smart link: klinky.io/${link.slug}`);
  return link;
};

const getAnalytics = async (linkId) => {
  const response = await fetch(`${BASE_URL}/public/links/${linkId}/clicks`, {
    headers: { 'X-API-Key': API_KEY }
  });
  return response.json();
};

const link = await createLink();
await fetch(link.short_url, { headers: { 'User-Agent': process.argv[2] }, redirect: 'manual' });
console.log(JSON.stringify(await getAnalytics(link.id)));
