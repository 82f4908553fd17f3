import { join } from 'node:path'
import { type ProbeConfig, readConfig } from '@bulwark/prober'
import { packageFolder } from '../shared/folder.ts'

export type DemoConfig = ProbeConfig & { readonly account: NonNullable<ProbeConfig['account']> }

/** What attackers of the blog know beforehand: an account, and the places that no link leads to. */
export async function readDemoConfig(): Promise<DemoConfig> {
  const config = await readConfig(join(packageFolder, 'bulwark.probe.json'))
  const { account } = config
  if (!account) throw new Error('bulwark.probe.json names no account.')
  return { ...config, account }
}
