import { request } from 'node:https'

/** One answer of a certificate authority. */
export interface Answer {
  readonly status: number
  header(name: string): string | undefined
  readonly text: string
}

const MOST_BYTES = 1_048_576

/** Asks over HTTPS and nothing else; redirects are not followed. Rejects when nothing whole comes in time. */
export function ask(
  url: string,
  {
    method = 'GET',
    body,
    ca,
    timeout = 30_000,
  }: { readonly method?: string; readonly body?: string; readonly ca?: string; readonly timeout?: number },
): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = {
      'User-Agent': 'bulwark-acme',
      ...(body !== undefined && { 'Content-Type': 'application/jose+json', 'Content-Length': Buffer.byteLength(body) }),
    }
    const req = request(url, { method, headers, agent: false, timeout, ...(ca !== undefined && { ca }) }, (res) => {
      let text = ''
      res.setEncoding('utf8')
      res.on('data', (chunk: string) => {
        text += chunk
        if (text.length > MOST_BYTES) res.destroy(new Error('the answer is too long'))
      })
      res.once('error', reject)
      res.once('end', () => {
        const header = (name: string): string | undefined => {
          const value = res.headers[name]
          return Array.isArray(value) ? value[0] : value
        }
        resolve({ status: res.statusCode ?? 0, header, text })
      })
    })
    req.once('timeout', () => req.destroy(new Error('the certificate authority does not answer')))
    req.once('error', reject)
    req.end(body)
  })
}
