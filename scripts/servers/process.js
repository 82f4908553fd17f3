import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
/**
 * Ends the server when the pipe to whoever started it closes. That also happens when that process is killed, so nothing is ever left running.
 * A server that was stopped by a signal has to go on to hear that it shall end. It runs in a session of its own: what ends a whole group of
 * processes, such as Ctrl-C, must not end the guard first.
 */
const GUARD = `end=$1; log=$2; shift 2
"$@" </dev/null >"$log" 2>&1 &
child=$!
echo "$child"
read -r folder
kill "-$end" "$child"; kill -CONT "$child"
wait "$child"
[ -n "$folder" ] || folder=$PWD
[ "$folder" = keep ] || rm -rf "$folder"
`;
/** Redis, PostgreSQL and the MongoDB double say the first, MariaDB the second. */
const READY = /ready (?:to accept|for) connections/i;
const PATIENCE = 30_000;
/** Starts a server and waits until it says that it is ready. */
export async function launch({ program, args, folder, url, end, account }) {
    let starts = 0;
    let current = await start();
    async function start() {
        const log = join(folder, `log-${++starts}`);
        const child = spawn('/bin/sh', ['-c', GUARD, 'sh', end, log, program, ...args], {
            ...account,
            detached: true,
            cwd: folder,
            env: { PATH: process.env['PATH'], LC_ALL: 'C' },
            stdio: ['pipe', 'pipe', 'ignore'],
        });
        const exit = once(child, 'exit');
        const [first] = (await once(child.stdout, 'data'));
        const pid = Number(first.toString());
        let hasEnded = false;
        const finish = async (keep) => {
            if (!hasEnded)
                child.stdin.end(keep ? 'keep\n' : `${folder}\n`);
            hasEnded = true;
            await exit;
        };
        const deadline = performance.now() + PATIENCE;
        for (let look = 1;; look++) {
            if (READY.test(readLog(log)))
                return { pid, end: finish };
            if (performance.now() > deadline || (look % 25 === 0 && (await hasDied(pid)))) {
                const said = readLog(log).trim().split('\n').slice(-3).join(' ');
                await finish(false);
                throw new Error(`${program} did not start: ${said}`);
            }
            await pause(20);
        }
    }
    return {
        url,
        get pid() {
            return current.pid;
        },
        crash: () => current.end(true),
        restart: async () => {
            current = await start();
        },
        stop: async () => {
            await current.end(false);
            rmSync(folder, { recursive: true, force: true });
        },
    };
}
/** A process that has ended stays a zombie for as long as the shell has not looked at it. */
async function hasDied(pid) {
    try {
        const { stdout } = await promisify(execFile)('ps', ['-o', 'stat=', '-p', String(pid)]);
        return stdout.trim().startsWith('Z');
    }
    catch (error) {
        // This is how `ps` says that there is no such process.
        if (error instanceof Error && 'code' in error && error.code === 1)
            return true;
        throw error;
    }
}
/** A folder for one server, which belongs to the account that the server runs as. */
export function emptyFolder(name, account) {
    const folder = mkdtempSync(join(tmpdir(), `bulwark-${name}-`));
    chmodSync(folder, 0o700);
    if (account)
        chownSync(folder, account.uid, account.gid);
    return folder;
}
/** A port that was free a moment ago. */
export async function freePort() {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const address = server.address();
    server.close();
    await once(server, 'close');
    if (address === null || typeof address === 'string')
        throw new Error('a listening server has a port');
    return address.port;
}
function readLog(path) {
    try {
        return readFileSync(path, 'utf8');
    }
    catch {
        // The shell makes it in a moment.
        return '';
    }
}
