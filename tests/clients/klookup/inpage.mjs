// Klook Up's JavaScript sample: an in-page link, and its address printed.
const API_KEY = process.env.KLINK_CLIENT_KEY;

async function createInPageLink(url, title, description) {
  const res = await fetch(`${process.env.KLINK_CLIENT_URL}/api/v1/links`, {
    method: "POST",
    headers: {
      "Authorization": `Bearer ${API_KEY}`,
      "Content-Type": "application/json",
    },
    body: JSON.stringify({
      url,
      type: "inpage",
      title,
      description,
    }),
  });
  if (!res.ok) {
    const err = await res.json();
    throw new Error(err.error ?? "Failed to create link");
  }
  const { data } = await res.json();
  return data.short_url;
}

const safeLink = await createInPageLink(
  "https://example.com/file.zip",
  "Download Example App",
  "Verified safe — click proceed to download."
);
console.log(safeLink);
