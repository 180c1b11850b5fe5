// Klook Up's TypeScript sample: a client to use again. With an argument, that is the post's id.
interface CreateLinkOptions {
  url: string;
  type?: "direct" | "inpage";
  post_id?: string;
  title?: string;
  description?: string;
  expires_at?: string;
  site_url?: string;
}

interface KlookUpLink {
  id: number;
  short_code: string;
  short_url: string;
  target_url: string;
  type: "direct" | "inpage";
  post_id?: string | null;
  site_url?: string | null;
  site_verified_at?: string | null;
  created_at: string;
  existing?: boolean;
}

class KlookUpClient {
  constructor(private readonly apiKey: string) {}

  async createLink(opts: CreateLinkOptions): Promise<KlookUpLink> {
    const res = await fetch(`${process.env.KLINK_CLIENT_URL}/api/v1/links`, {
      method: "POST",
      headers: {
        Authorization: `Bearer ${this.apiKey}`,
        "Content-Type": "application/json",
      },
      body: JSON.stringify(opts),
    });
    const body = await res.json() as { success: boolean; data: KlookUpLink; error?: string };
    if (!res.ok || !body.success) throw new Error(body.error ?? "API error");
    return body.data;
  }
}

const client = new KlookUpClient(process.env.KLINK_CLIENT_KEY!);
const link = await client.createLink({
  url: "https://example.com",
  type: "inpage",
  post_id: process.argv[2],
  title: "Our partner site",
});
console.log(link.short_url);
