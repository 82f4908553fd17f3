import { type Console, openConsole } from '@bulwark/console'
import { secure } from 'bulwark/express'
import type { KeyRing } from 'bulwark/keys'
import type { Express } from 'express'

/** Where admins look at what Bulwark sees. */
export const CONSOLE = '/admin/bulwark'

/** The console, for whoever the roles let see it. */
export function consoleRoutes(
  app: Express,
  options: { readonly audit: string | undefined; readonly keys: string | KeyRing },
): Console {
  const { audit, keys } = options
  const opened = openConsole({ base: CONSOLE, keys, ...(audit !== undefined && { audit }) })
  app.get(`${CONSOLE}{/*page}`, secure({ allow: 'bulwark:view' }), opened.listener)
  return opened
}
