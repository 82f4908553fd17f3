import type { Exchange } from '../../core/exchange.ts'
import type { BodyJudge, Denial, Guard } from '../../core/guard.ts'
import { type CommonOptions, isOff, type Off } from '../../core/policy.ts'
import { guardBytes } from './bytes/guard-bytes.ts'
import { Door, judgeHead } from './door/door.ts'

/** Options of the guard against data that becomes more than data. */
export interface DeserializationOptions extends CommonOptions {}

declare module '../../core/contract.ts' {
  interface Contract {
    /** `off('why')` takes texts that hold functions, or XML with entities: for where they are only kept and shown, as in a paste bin. */
    readonly deserialization?: Off
  }
}

const NAME = 'deserialization'

/**
 * Refuses data of a client that a deserializer would make functions of, and XML that declares entities; and stops values that
 * `node:v8` made of a client's bytes when JSON could not have held them.
 *
 * Looked at are the path, the query, cookies and the body, percent-encoded, in JSON's escapes, in base64 and compressed.
 *
 * **Security**: the second line behind JSON and a schema (CWE-502, CWE-611, CWE-776; ASVS 1.5.1, 1.5.2).
 */
export function deserialization(_options: DeserializationOptions): Guard {
  guardBytes()

  /** Where the route may be exempt, the verdict waits for it; in time, since the app is called after it. */
  const settle = (x: Exchange, denial: Denial): Denial | undefined => {
    if (!x.waits(NAME)) return isOff(x.contract?.deserialization) ? undefined : denial
    x.notes.set(NAME, denial)
    return undefined
  }

  const judgeRoute = (x: Exchange): Denial | undefined =>
    !x.isDue(NAME) || isOff(x.contract?.deserialization) ? undefined : (x.notes.get(NAME) as Denial | undefined)

  return {
    name: 'deserialization',
    phase: 'input',
    onRequest(x) {
      const denial = judgeHead(x)
      return denial && settle(x, denial)
    },
    judgeBody: (x): BodyJudge => new Door(x, (denial) => settle(x, denial)),
    onRoute: judgeRoute,
    onUnrouted: judgeRoute,
  }
}
