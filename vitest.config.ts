import { availableParallelism } from 'node:os'
import { defineConfig, type ViteUserConfig } from 'vitest/config'

const built = ['**/node_modules/**', '**/dist/**', '**/.build/**', '**/fixtures/**']
const browser = '**/*.browser.test.ts'
const services = '**/*.services.test.ts'
/** Load modules anew, or count what a whole process does: in a process of their own. */
const alone = '**/*.alone.test.ts'
/** Half of the time is waiting, for processes and for what is slow on purpose: two cores bear two files at once. */
const maxWorkers = Math.max(2, availableParallelism() - 1)

const config: ViteUserConfig = defineConfig({
  test: {
    // Two cores that other programs share: a slow answer is no failure.
    testTimeout: 20_000,
    hookTimeout: 30_000,
    projects: [
      {
        test: {
          name: 'unit',
          include: ['library', 'scanner', 'prober', 'cli', 'console', 'laws', 'scripts', 'bench'].map(
            (part) => `${part}/**/*.test.ts`,
          ),
          exclude: [...built, browser, services, alone],
          pool: 'threads',
          isolate: false,
          maxWorkers,
          testTimeout: 20_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'example',
          include: ['example/**/*.test.ts'],
          exclude: [...built, browser, services, alone],
          pool: 'forks',
          maxWorkers,
          // Most of them start whole apps, some several and one after the other.
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'alone',
          include: [alone],
          exclude: built,
          pool: 'forks',
          maxWorkers,
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'browser',
          include: [browser],
          exclude: built,
          pool: 'forks',
          fileParallelism: false,
          testTimeout: 60_000,
          hookTimeout: 60_000,
        },
      },
      {
        test: {
          name: 'services',
          include: [services],
          exclude: built,
          pool: 'forks',
          // One after the other: what they prove needs a server that answers.
          fileParallelism: false,
          globalSetup: 'scripts/with-servers.ts',
          testTimeout: 30_000,
          hookTimeout: 60_000,
        },
      },
    ],
  },
})

export default config
