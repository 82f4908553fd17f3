import { Agent, request } from 'node:https'

type Fetch = (
  url: string,
  init: RequestInit & { readonly headers: Readonly<Record<string, string>> },
) => Promise<Response>

/** As `fetch`, which believes no certificate of a test and cannot be told to. */
export function fetching(origin: string): Fetch {
  return origin.startsWith('https:') ? fetchSecurely : fetch
}

// The victims of tests show certificates of all kinds; who believes which is what the attacks are about.
// bulwark-ignore encryption/unchecked-certificate -- an honest request to a victim on this machine
const agent = new Agent({ rejectUnauthorized: false, keepAlive: false })

const fetchSecurely: Fetch = async (url, { method = 'GET', headers, body }) => {
  const bytes = body === undefined ? undefined : Buffer.from(await new Response(body).arrayBuffer())
  return new Promise((resolve, reject) => {
    const own: Record<string, string> = { ...headers }
    if (bytes !== undefined) own['content-length'] = String(bytes.length)
    const sent = request(url, { method, headers: own, agent }, (answer) => {
      const chunks: Buffer[] = []
      answer.on('data', (chunk: Buffer) => chunks.push(chunk))
      answer.on('error', reject)
      answer.on('end', () => {
        const learned = Object.entries(answer.headers).map(([name, value]): [string, string] => [name, String(value)])
        resolve(new Response(Buffer.concat(chunks), { status: answer.statusCode ?? 0, headers: learned }))
      })
    })
    sent.on('error', reject)
    sent.end(bytes)
  })
}
