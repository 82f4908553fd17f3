/** Requests that wait, each client in turn: whoever sends many waits behind itself, and not in front of others. */
export class Line<Waiting> {
  size = 0
  /** In the order in which clients have their turn. */
  readonly #clients: Map<string, Waiting[]> = new Map()

  add(client: string, one: Waiting): void {
    const own = this.#clients.get(client)
    if (own === undefined) this.#clients.set(client, [one])
    else own.push(one)
    this.size++
  }

  /** Whose turn it is. */
  next(): Waiting | undefined {
    for (const [client, own] of this.#clients) {
      const one = own.shift()
      this.#clients.delete(client)
      if (own.length > 0) this.#clients.set(client, own)
      this.size--
      return one
    }
    return undefined
  }

  /** Takes out the newest of the client that has most waiting, if that is more than what another one has by far. */
  makeRoom(client: string): Waiting | undefined {
    // Where nobody has several on average, nobody is worth looking for.
    if (this.size < this.#clients.size * 2) return undefined
    const count = this.#clients.get(client)?.length ?? 0
    let most = ''
    let worst: Waiting[] | undefined
    for (const [other, own] of this.#clients) {
      if (own.length > (worst?.length ?? 0)) {
        most = other
        worst = own
      }
    }
    if (worst === undefined || worst.length < count + 2) return undefined
    const one = worst.at(-1)
    if (one !== undefined) this.delete(most, one)
    return one
  }

  delete(client: string, one: Waiting): boolean {
    const own = this.#clients.get(client)
    const at = own?.lastIndexOf(one) ?? -1
    if (own === undefined || at === -1) return false
    own.splice(at, 1)
    if (own.length === 0) this.#clients.delete(client)
    this.size--
    return true
  }
}
