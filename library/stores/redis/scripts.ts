import { type Script, toScript } from './client.ts'

/**
 * What the server does, one script for each step: scripts run one after the other, so each is atomic. Each touches one key, or two with the
 * same hash tag, so that all of it works in a cluster.
 *
 * A value is a hash: `v` value, `n` version, `x` time of expiry, `o` owner. A limit is a string: level, time, period. An owner is a sorted
 * set of `<version> <key>`, by the time after which it cannot matter any more.
 *
 * The first argument is the time, or '' for the server's own. Numbers are written with `%.0f`: Lua's own way loses digits from 10^14 on.
 */
const NOW = `
local t = redis.call('TIME')
local now = tonumber(ARGV[1]) or (t[1] * 1000 + math.floor(t[2] / 1000))
local function whole(number) return string.format('%.0f', number) end
`

/** KEYS value. ARGV now. Answers value, version, and the milliseconds that are left. */
export const GET: Script = toScript(`${NOW}
local entry = redis.call('HMGET', KEYS[1], 'v', 'n', 'x')
if not entry[1] or tonumber(entry[3]) <= now then return false end
return { entry[1], entry[2], whole(tonumber(entry[3]) - now) }
`)

/** KEYS value. ARGV now, value, version, ttl, expected or '', '+owner' or '', grace. Answers whether, and the version and owner that went. */
export const PUT: Script = toScript(`${NOW}
local old = redis.call('HMGET', KEYS[1], 'n', 'x', 'o')
local current = '0'
if old[1] and tonumber(old[2]) > now then current = old[1] end
if ARGV[5] ~= '' and ARGV[5] ~= current then return { 0 } end
local ttl = tonumber(ARGV[4])
redis.call('DEL', KEYS[1])
if ttl > 0 then
  redis.call('HSET', KEYS[1], 'v', ARGV[2], 'n', ARGV[3], 'x', whole(now + ttl))
  if ARGV[6] ~= '' then redis.call('HSET', KEYS[1], 'o', string.sub(ARGV[6], 2)) end
  redis.call('PEXPIRE', KEYS[1], whole(ttl + tonumber(ARGV[7])))
end
return { 1, old[1], old[3] }
`)

/** KEYS value, limit. ARGV now. Answers whether the value lived, and the version and owner that went. */
export const DELETE: Script = toScript(`${NOW}
local old = redis.call('HMGET', KEYS[1], 'n', 'x', 'o')
redis.call('DEL', KEYS[1], KEYS[2])
local live = old[1] and tonumber(old[2]) > now
return { live and 1 or 0, old[1], old[3] }
`)

/** KEYS value. ARGV now, owner. Deletes the value if it is this owner's. Answers whether it lived, and the version that went. */
export const DELETE_OWNED: Script = toScript(`${NOW}
local old = redis.call('HMGET', KEYS[1], 'n', 'x', 'o')
if old[3] ~= ARGV[2] then return { 0 } end
redis.call('DEL', KEYS[1])
return { tonumber(old[2]) > now and 1 or 0, old[1] }
`)

/** KEYS value. ARGV now, owner. Answers whether the value lives and is this owner's. */
export const IS_OWNED: Script = toScript(`${NOW}
local entry = redis.call('HMGET', KEYS[1], 'o', 'x')
return (entry[1] == ARGV[2] and tonumber(entry[2]) > now) and 1 or 0
`)

/** KEYS owner. ARGV now, '<version> <key>', time to stay, grace. */
export const REMEMBER: Script = toScript(`${NOW}
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', whole(now))
redis.call('ZADD', KEYS[1], whole(now + tonumber(ARGV[3])), ARGV[2])
local last = redis.call('ZRANGE', KEYS[1], -1, -1, 'WITHSCORES')
redis.call('PEXPIRE', KEYS[1], whole(tonumber(last[2]) - now + tonumber(ARGV[4])))
return 1
`)

/** KEYS owner. ARGV now. Answers every '<version> <key>' that may matter. */
export const REMEMBERED: Script = toScript(`${NOW}
return redis.call('ZRANGEBYSCORE', KEYS[1], '(' .. whole(now), '+inf')
`)

/** KEYS owner. ARGV now, then '<version> <key>' as often as wanted, up to some thousands. */
export const FORGET: Script = toScript(`
return redis.call('ZREM', KEYS[1], unpack(ARGV, 2))
`)

/**
 * KEYS limit. ARGV now, burst, period, cost, grace. Answers whether, and the level that is left.
 * The arithmetic of `toolbox/gcra.ts`: Lua counts in doubles as well. A refusal writes nothing.
 */
export const TAKE: Script = toScript(`${NOW}
local burst, period, cost = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
local full = burst * period
local level, at, unit = 0, now, period
local known = redis.call('GET', KEYS[1])
if known then
  local l, a, u = string.match(known, '^(%d+) (%d+) (%d+)$')
  level, at, unit = tonumber(l), tonumber(a), tonumber(u)
end
if unit ~= period then level = math.ceil(level / unit * period) end
if now > at then level = math.max(0, level - (now - at) * burst) end
level = math.min(level, full)
local fits = cost <= 0 or (cost <= burst and level + cost * period <= full)
if fits and cost ~= 0 and (known or cost > 0) then
  level = math.max(0, level + cost * period)
  if level == 0 then redis.call('DEL', KEYS[1])
  else
    local bucket = whole(level) .. ' ' .. whole(now) .. ' ' .. whole(period)
    redis.call('SET', KEYS[1], bucket, 'PX', whole(math.ceil(level / burst) + tonumber(ARGV[5])))
  end
end
return { fits and 1 or 0, whole(level) }
`)
