export { testAccountStore } from './accounts.ts'
export { type ExchangeParts, exchange, setup, type TestExchange } from './exchange.ts'
export { type Expect, type TestTools, testStore } from './store.ts'
export { type Visitor, type VisitParts, visitorsOf } from './visitor.ts'
