export { type Expect, type TestTools, testStore } from './store.ts'
