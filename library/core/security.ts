import type { ReportedEvent } from './event.ts'

/**
 * What a handler gets back from Bulwark: `req.security`. Each protection that has something to give adds its own members
 * through declaration merging in its `guard.ts`.
 */
export interface Security {
  /** Names this exchange in problem documents and events. */
  readonly id: string
  /** The client's address by the policy's `proxies`. */
  readonly ip: string
  /** The nonce that this response's Content-Security-Policy allows, for `<script nonce>` and `<style nonce>`. */
  readonly nonce: string
  /** Publishes an event of the app's own about this exchange. */
  event(event: Omit<ReportedEvent, 'guard'> & { readonly guard?: string }): void
}
