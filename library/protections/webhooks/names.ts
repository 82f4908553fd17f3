/** Headers in which senders put their signatures. */
export const SIGNATURE_HEADERS: readonly string[] = [
  'webhook-signature',
  'svix-signature',
  'stripe-signature',
  'x-hub-signature',
  'x-hub-signature-256',
  'x-slack-signature',
  'x-signature',
  'x-webhook-signature',
  'x-shopify-hmac-sha256',
]
