const HOST = /^(?=.{1,253}$)(?!-)[a-z0-9-]{1,63}(?:\.[a-z0-9-]{1,63})*$/
const URI = /^[a-z][a-z0-9+.-]*:\/\/[!#-+\--~]{1,2000}$/i

/**
 * The host names (in lower case) and the URI in a certificate's subject alternative name, as Node writes it: `DNS:a.example, URI:spiffe://b/c`.
 * Wildcards name nobody in particular and are left out.
 *
 * **Security**: Node puts quotation marks around what could be read as more than one name, so a text with any has no names at all (CVE-2021-44532).
 * Of several URIs none counts: a SPIFFE certificate has exactly one (X.509-SVID, 2).
 */
export function certificateNames(text: string | undefined): readonly string[] {
  if (text === undefined || text.includes('"')) return []
  const hosts: string[] = []
  const uris: string[] = []
  for (const entry of text.split(', ')) {
    if (entry.startsWith('DNS:')) {
      const host = entry.slice(4).toLowerCase()
      if (HOST.test(host)) hosts.push(host)
    } else if (entry.startsWith('URI:')) {
      const uri = entry.slice(4)
      uris.push(URI.test(uri) ? uri : '')
    }
  }
  return uris.length === 1 && uris[0] !== '' ? [...hosts, ...uris] : hosts
}
