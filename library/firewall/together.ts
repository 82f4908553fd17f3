import type { SinkExchange, Stance, Untrusted } from '../core/sink.ts'

/** Several exchanges as one, where nobody can tell which of them a call belongs to: everything that any of their clients sent counts. */
export function together(exchanges: readonly SinkExchange[]): SinkExchange {
  const [first] = exchanges
  if (first === undefined) throw new RangeError('of no exchange there is nothing to put together')
  return {
    id: first.id,
    untrusted: untrustedOf(exchanges.map(({ untrusted }) => untrusted)),
    stanceOf: (sink) => strictest(exchanges.map((exchange) => exchange.stanceOf(sink))),
    report: (event) => first.report(event),
  }
}

function untrustedOf(all: readonly Untrusted[]): Untrusted {
  const list = <T>(of: (untrusted: Untrusted) => Iterable<T>): T[] => [...new Set(all.flatMap((one) => [...of(one)]))]
  return {
    client: all.map(({ client }) => client).join(' '),
    host: all.length > 0 ? (all[0]?.host ?? '') : '',
    texts: () => list((one) => one.texts()),
    structured: () => list((one) => one.structured()),
    named: () => list((one) => one.named()),
    values: () => list((one) => one.values()),
    names: () => new Set(list((one) => one.names())),
    rest: () => all.map((one) => one.rest()).join('\n'),
  }
}

function strictest(stances: readonly Stance[]): Stance {
  return stances.includes('enforce') ? 'enforce' : stances.includes('observe') ? 'observe' : 'off'
}
