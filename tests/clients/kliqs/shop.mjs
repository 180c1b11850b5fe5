// A shop with Kliqs: a product gets a short link, and a messenger's bot its message.
// node shop.mjs PRODUCT_ID SLUG TITLE
const API_URL = `${process.env.KLINK_CLIENT_URL}/api/v1/links`;
const API_KEY = process.env.KLINK_CLIENT_KEY;

// The short URL; if its slug is taken, with one that Kliqs chooses.
async function shorten(link) {
  const response = await fetch(API_URL, {
    method: 'POST',
    headers: { Authorization: `Bearer ${API_KEY}`, 'Content-Type': 'application/json' },
    body: JSON.stringify(link)
  });
  const { success, data, error, message } = await response.json();
  if (response.status === 409 && error === 'SLUG_ALREADY_EXISTS') {
    return shorten({ ...link, slug: '' });
  }
  if (!success) {
    throw new Error(`${error}: ${message}`);
  }
  return data.short_url;
}

const [id, slug, title] = process.argv.slice(2);
const shortUrl = await shorten({ url: `https://marketku.id/products/${id}`, slug, title });
console.log(`New product available:\n${title}\n${shortUrl}`);
